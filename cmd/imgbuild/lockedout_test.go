package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/profiles"
)

// loud begins the warning that nobody can log in.
const loud = "\nWARNING: NOBODY CAN LOG IN to a real machine that starts from "

// box is a profile of a test's own.
func box(t *testing.T, text string) *profile.Profile {
	t.Helper()
	name := text
	if strings.ContainsAny(text, "=[") {
		name = filepath.Join(t.TempDir(), "box.toml")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, _, err := profile.Load(name, profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	someoneKey  = `"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL ada"`
	someoneHash = `"$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"`
)

// A medium onto which nobody could log in is built with a warning, whatever its format, and with lines that let somebody in: they are
// taken as they stand.
func TestBuiltForNobody(t *testing.T) {
	for name, tt := range map[string]struct {
		profile string
		formats []profile.Format
		want    []string // of the warning, in order; nil: there is none
	}{
		"headless for QEMU":  {"headless", []profile.Format{profile.FormatKernel}, nil},
		"headless on a disk": {"headless", []profile.Format{profile.FormatDisk}, []string{loud + "this disk:\nroot's password comes from the host of a virtual machine", "--from headless", "[user.root]\n    password_hash = ", "[ssh]\n    [user.root]\n    authorized_keys = "}},
		"an ISO":             {"nas", []profile.Format{profile.FormatISO}, []string{loud + "this iso:", "password_hash = "}},
		"a UKI and netboot":  {"firewall", []profile.Format{profile.FormatUKI, profile.FormatNetboot}, []string{loud + "this uki and this netboot:"}},
		"the rescue stick":   {"rescue", []profile.Format{profile.FormatDisk, profile.FormatISO, profile.FormatNetboot}, nil},
		"with a hash":        {"extends = \"headless\"\n[user.root]\npassword_hash = " + someoneHash, []profile.Format{profile.FormatDisk}, nil},
		"what the owner may write": {"extends = \"headless\"\n[ssh]\n[site]\nallow = [\"authorized_keys\", \"password_hash\"]", []profile.Format{profile.FormatDisk},
			[]string{loud, "In site.toml, on the medium's partition \"esp\"", "[user.root]\n    password_hash = ", "authorized_keys = ", "box.toml, and built again"}},
		"what the owner may write where nothing is read": {"extends = \"headless\"\n[ssh]\n[site]\nallow = [\"authorized_keys\"]", []profile.Format{profile.FormatNetboot}, []string{loud}},
		"nobody is meant to":                             {"extends = \"headless\"\n[access]\nhost_password = false\nnobody = true", []profile.Format{profile.FormatDisk}, nil},
	} {
		p := box(t, tt.profile)
		if err := p.SetFormats(tt.formats); err != nil {
			t.Fatal(name, err)
		}
		var said bytes.Buffer
		(&app{stderr: &said}).warnBuilt(p)
		rest := said.String()
		if tt.want == nil && rest != "" {
			t.Errorf("%s: it warns: %s", name, rest)
		}
		for _, part := range tt.want {
			_, after, found := strings.Cut(rest, part)
			if !found {
				t.Errorf("%s: no %q in\n%s", name, part, said.String())
			}
			rest = after
		}
		if strings.Contains(name, "nothing is read") && strings.Contains(said.String(), "site.toml") {
			t.Errorf("%s: it names a file that nobody reads:\n%s", name, said.String())
		}
		var quiet bytes.Buffer
		(&app{stderr: &quiet, quiet: true}).warnBuilt(p)
		if quiet.Len() > 0 {
			t.Errorf("%s: -q prints %q", name, quiet.String())
		}
	}
	// What the warning says is a remedy.
	var said bytes.Buffer
	(&app{stderr: &said}).warnLockedOut(lockedOut{&box(t, "headless").Machine, nil, "a disk", "x", false})
	_, lines, _ := strings.Cut(said.String(), "one of these:\n")
	lines = strings.NewReplacer(`"$6$..."`, someoneHash, `"ssh-ed25519 AAAA... me@laptop"`, someoneKey).Replace(lines)
	for i, remedy := range strings.Split(strings.TrimSpace(lines), "\n\n") {
		p := box(t, "extends = \"headless\"\nformats = [\"disk\"]\n"+remedy+"\n")
		said.Reset()
		if (&app{stderr: &said}).warnBuilt(p); said.Len() > 0 {
			t.Errorf("after remedy %d,\n%s\n%s", i, remedy, said.String())
		}
	}
}

// An image of ours that is written to a disk says so too, of what it holds itself: its machine, and its site.toml.
func TestFlashedForNobody(t *testing.T) {
	const open = "extends = \"headless\"\n[ssh]\n[site]\nallow = [\"authorized_keys\"]"
	for name, tt := range map[string]struct {
		profile, site string
		warns         bool
	}{
		"headless":               {"headless", "", true},
		"the rescue stick":       {"rescue", "", false},
		"an example":             {open, "#[user.root]\n#authorized_keys = []\n", true},
		"a key in site.toml":     {open, "[user.root]\nauthorized_keys = [" + someoneKey + "]\n", false},
		"a mistake in site.toml": {open, "[user.root]\nauthorized_kyes = [" + someoneKey + "]\n", true},
	} {
		p := box(t, tt.profile)
		machine, err := json.Marshal(spec.Description{Machine: p.Machine})
		if err != nil {
			t.Fatal(err)
		}
		initrd := archive(t, map[string]string{"init": "program", strings.TrimPrefix(spec.Path, "/"): string(machine)})
		unified, err := uki.New(ukitest.Stub(1024), uki.Parts{Linux: bytes.NewReader(ukitest.Kernel("6.1.0", 9000)), Initrd: bytes.NewReader(initrd), Cmdline: "quiet"})
		if err != nil {
			t.Fatal(err)
		}
		config := disk.Config{Name: "test", Epoch: time.Unix(1700000000, 0), Boot: grub.NoMenu(unified)}
		if tt.site != "" {
			config.Files = []fat.File{{Path: "site.toml", Content: strings.NewReader(tt.site)}}
		}
		raw, _, err := disk.New(config)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		b, err := io.ReadAll(io.NewSectionReader(raw, 0, raw.Size()))
		if err != nil {
			t.Fatal(err)
		}
		for file, bytes := range map[string][]byte{"box.img": b, "stick": make([]byte, len(b))} {
			if err := os.WriteFile(filepath.Join(dir, file), bytes, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		code, stdout, stderr := imgbuild(t, dir, "flash", "--yes", "box.img", "stick")
		if code != exitDone || stdout != "stick\n" {
			t.Fatalf("%s: exit %d, %q", name, code, stderr)
		}
		if strings.Contains(stderr, loud+"stick:") != tt.warns {
			t.Errorf("%s: warned %t, want %t: %s", name, !tt.warns, tt.warns, stderr)
		}
	}
}
