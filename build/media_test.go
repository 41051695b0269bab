package build

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/media"
	"github.com/imgbuild/imgbuild/build/sbom/sbomtest"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/profile"
)

var all = []profile.Format{profile.FormatKernel, profile.FormatUKI, profile.FormatDisk, profile.FormatISO, profile.FormatNetboot}

// fakeTools are what media are made with, as far as composing goes: they start nothing.
func fakeTools() *media.Tools {
	return &media.Tools{
		Stub: ukitest.Stub(1024),
		Disk: &grub.DiskLoader{Boot: make([]byte, 512), Core: bytes.Repeat([]byte{3}, 100_001)},
		ISO:  &grub.ISOLoader{Hybrid: make([]byte, 512), CD: make([]byte, 2048), Core: bytes.Repeat([]byte{4}, 100_001)},
	}
}

const grubCopyright = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n" +
	"Files: *\nCopyright: 1999 the Free Software Foundation\nLicense: GPL-3+\n See /usr/share/common-licenses/GPL-3.\n"

// buildMedia builds as Build does, without the packages that only a mirror has.
func buildMedia(t *testing.T, p *profile.Profile, dir string, formats []profile.Format) []Artifact {
	t.Helper()
	e := env(t, shared)
	wanted := p.Formats
	p.Formats = []profile.Format{profile.FormatKernel}
	image, err := e.Prepare(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Formats = wanted; formats != nil {
		if err := p.SetFormats(formats); err != nil {
			t.Fatal(err)
		}
	}
	image.tools = fakeTools()
	sum, size := buildtest.Deb(t, e.Cache, "grub-pc-bin", "Package: grub-pc-bin\nSource: grub2\nVersion: 2.06-13+deb12u1\n", grubCopyright)
	image.Lock.Tool = []lock.Package{{Name: "grub-pc-bin", Version: "2.06-13+deb12u1", Arch: "amd64", SHA256: sum, Size: size}}
	out, err := stage(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.write(t.Context(), image, out); err != nil {
		t.Fatal(err)
	}
	made, err := out.commit(t.Context(), e.Cache)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func names(made []Artifact) []string {
	var list []string
	for _, a := range made {
		list = append(list, a.Name)
	}
	return list
}

func TestFormatsAndTheirArtifacts(t *testing.T) {
	always := []string{"box.sbom.spdx.json", "box.licenses.tar.zst", "box.manifest.json", "SHA256SUMS"}
	for _, tc := range []struct {
		formats []profile.Format
		text    string
		want    []string
	}{
		{all, "", []string{"box-kernel", "box-initrd.img", "box-cmdline", "box.efi", "box.img", "box.iso", "box.ipxe"}},
		{[]profile.Format{profile.FormatUKI}, "", []string{"box.efi"}},
		{[]profile.Format{profile.FormatNetboot}, "", []string{"box-kernel", "box-initrd.img", "box.efi", "box.ipxe"}},
		{[]profile.Format{profile.FormatISO}, "", []string{"box.iso"}},
		{[]profile.Format{profile.FormatDisk}, "[disk]\nformat = \"qcow2\"\nstate = \"64M\"\n", []string{"box.qcow2"}},
		{[]profile.Format{profile.FormatDisk}, "[disk]\nformat = \"vhd\"\n", []string{"box.vhd"}},
		{[]profile.Format{profile.FormatDisk}, "[disk]\nformat = \"vmdk\"\n", []string{"box.vmdk"}},
	} {
		dir, p := buildtest.World(t, tc.text)
		out := filepath.Join(dir, "out")
		made := buildMedia(t, p, out, tc.formats)
		if got, want := names(made), append(slices.Clone(tc.want), always...); !slices.Equal(got, want) {
			t.Errorf("%v: made %v, want %v", tc.formats, got, want)
		}
		check := exec.Command("sha256sum", "-c", "--quiet", "SHA256SUMS")
		check.Dir = out
		if text, err := check.CombinedOutput(); err != nil {
			t.Errorf("%v: sha256sum -c: %v\n%s", tc.formats, err, text)
		}
		for _, f := range tc.formats {
			if _, err := os.Stat(Medium(p, out, f)); f != profile.FormatKernel && err != nil {
				t.Errorf("Medium does not name what was made: %v", err)
			}
		}
	}
}

// Others read what was written, and an image takes hardly more room than its payload.
func TestMediaStandUpToOthers(t *testing.T) {
	dir, p := buildtest.World(t, "[disk]\nstate = \"64M\"\n")
	out := filepath.Join(dir, "out")
	buildMedia(t, p, out, all)
	at := func(name string) string { return filepath.Join(out, name) }
	for _, c := range []struct {
		want    string
		command []string
	}{
		{"No problems found", []string{"sgdisk", "-v", at("box.img")}},
		{"state", []string{"sgdisk", "-p", at("box.img")}},
		{"No problems found", []string{"sgdisk", "-v", at("box.iso")}},
		{"El Torito boot img :   2  UEFI", []string{"xorriso", "-indev", at("box.iso"), "-report_el_torito", "plain"}},
	} {
		text, err := exec.Command(c.command[0], c.command[1:]...).CombinedOutput()
		if err != nil || !strings.Contains(string(text), c.want) {
			t.Errorf("%v: %v\n%s", c.command, err, text)
		}
	}
	payload, err := os.Stat(at("box.efi"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(at("box.img"))
	if err != nil {
		t.Fatal(err)
	}
	if allocated := info.Sys().(*syscall.Stat_t).Blocks * 512; allocated > payload.Size()*13/10 || info.Size() < 100<<20 {
		t.Errorf("an image of %d bytes takes %d for a payload of %d", info.Size(), allocated, payload.Size())
	}
	if script, _ := os.ReadFile(at("box.ipxe")); string(script) != "#!ipxe\nkernel box-kernel initrd=box-initrd.img console=ttyS0,115200\ninitrd box-initrd.img\nboot\n" {
		t.Errorf("script\n%s", script)
	}
}

func TestMediaAreTheSameTwice(t *testing.T) {
	var sums []string
	for range 2 {
		dir, p := buildtest.World(t, "[disk]\nformat = \"vmdk\"\nstate = \"8M\"\n")
		buildMedia(t, p, filepath.Join(dir, "out"), all)
		text, err := os.ReadFile(filepath.Join(dir, "out", "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, string(text))
	}
	if sums[0] != sums[1] {
		t.Errorf("two builds differ:\n%s\n%s", sums[0], sums[1])
	}
}

func TestSBOM(t *testing.T) {
	dir, p := buildtest.World(t, "")
	p.Version = "2026.49"
	out := filepath.Join(dir, "out")
	buildMedia(t, p, out, all)
	sbomtest.Beside(t, filepath.Join(out, "box"))
	text, err := os.ReadFile(filepath.Join(out, "box.sbom.spdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		SPDXVersion  string
		CreationInfo struct{ Created string }
		Packages     []struct {
			Name, VersionInfo, SourceInfo, LicenseDeclared string
			ExternalRefs                                   []struct{ ReferenceLocator string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.SPDXVersion != "SPDX-2.3" || d.CreationInfo.Created != "2026-01-01T00:00:00Z" {
		t.Errorf("%s of %s", d.SPDXVersion, d.CreationInfo.Created)
	}
	have := map[string]string{}
	for _, p := range d.Packages {
		have[p.Name] = p.VersionInfo
		have[p.Name+" license"], have[p.Name+" source"] = p.LicenseDeclared, p.SourceInfo
		for _, r := range p.ExternalRefs {
			have[p.Name] = r.ReferenceLocator
		}
	}
	for name, want := range map[string]string{
		"box": "2026.49", "linux": "6.1.0-test",
		"grub-pc-bin":         "pkg:deb/debian/grub-pc-bin@2.06-13%2Bdeb12u1?arch=amd64&upstream=grub2%402.06-13%2Bdeb12u1",
		"grub-pc-bin source":  "Debian package grub-pc-bin_2.06-13+deb12u1_amd64.deb, built from source package grub2 2.06-13+deb12u1",
		"grub-pc-bin license": "GPL-3.0-or-later", "linux license": "GPL-2.0-only WITH Linux-syscall-note",
		"github.com/imgbuild/imgbuild license": "BSD-3-Clause", "go license": "BSD-3-Clause", "github.com/vishvananda/netlink license": "Apache-2.0",
	} {
		if got, ok := have[name]; !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !strings.HasPrefix(have["github.com/vishvananda/netlink"], "pkg:golang/github.com/vishvananda/netlink@v") {
		t.Errorf("uinit's modules are missing: %v", have)
	}
}
