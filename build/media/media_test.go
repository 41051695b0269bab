package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestNames(t *testing.T) {
	for f, want := range map[profile.Format]string{
		profile.FormatUKI: "box.efi", profile.FormatISO: "box.iso", profile.FormatNetboot: "box.ipxe", profile.FormatUpdate: "box.update", profile.FormatDisk: "box.qcow2",
	} {
		if got := Name(&profile.Profile{Name: "box", Disk: profile.Disk{Format: profile.DiskQCOW2}}, f); got != want {
			t.Errorf("%s is %s, want %s", f, got, want)
		}
	}
}

// fake is an image and tools that start nothing, as far as composing goes.
func fake(t *testing.T, formats ...profile.Format) (*Tools, Image) {
	t.Helper()
	p := &plan.Plan{Name: "box", Version: "1", Cmdline: "console=ttyS0", Compression: profile.None,
		Kernel:   tree.File{Path: "kernel", Size: 1 << 20, From: tree.Source{Store: "file"}},
		Files:    []tree.File{{Path: "etc/os-release", Mode: 0o644, Body: []byte("ID=box\n")}},
		Segments: []plan.Segment{{Name: "config", Files: []tree.File{{Path: "etc/motd", Mode: 0o644, Size: 5, Body: []byte("hello")}}}}}
	epoch := time.Unix(1767225600, 0).UTC()
	packed, err := segments.Packer{Progress: progress.Discard, Epoch: epoch}.Pack(t.Context(), p, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tools := &Tools{
		Stub: ukitest.Stub(1024),
		Disk: &grub.DiskLoader{Boot: make([]byte, 512), Core: bytes.Repeat([]byte{3}, 100_001)},
		ISO:  &grub.ISOLoader{Hybrid: make([]byte, 512), CD: make([]byte, 2048), Core: bytes.Repeat([]byte{4}, 100_001)},
	}
	kernel := make([]byte, 1<<20)
	copy(kernel[0x202:], "HdrS")
	kernel[0x20f] = 0x10
	copy(kernel[0x1200:], "6.1.0-test (somebody) #1\x00")
	return tools, Image{
		Profile: &profile.Profile{Name: "box", Formats: formats}, Plan: p, Epoch: epoch, Initrd: packed,
		Open: func(tree.File) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kernel)), nil },
	}
}

// Each format has its medium, netboot that of UEFI. What is returned of one is true of the file, holes and all.
func TestCompose(t *testing.T) {
	for _, tc := range []struct {
		formats []profile.Format
		want    string
	}{
		{[]profile.Format{profile.FormatKernel}, ""},
		{[]profile.Format{profile.FormatNetboot}, "box.efi"},
		{[]profile.Format{profile.FormatISO, profile.FormatDisk, profile.FormatUKI}, "box.efi box.img box.iso"},
		{[]profile.Format{profile.FormatUpdate}, "box.update"},
	} {
		tools, image := fake(t, tc.formats...)
		if image.Profile.Writes(profile.FormatUpdate) {
			image.Profile.Update = &spec.Update{}
		}
		set, err := tools.Compose(image)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range set.Media {
			got = append(got, m.Name)
			isWritten(t, m)
		}
		set.Close()
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%v: %v, want %s", tc.formats, got, tc.want)
		}
	}
}

func isWritten(t *testing.T, m Medium) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), m.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, sum, err := m.Write(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(f, 0, 1<<40))
	if err != nil || n != size || hex.EncodeToString(h.Sum(nil)) != sum {
		t.Errorf("%s: %d bytes (%s) are said to be there, %d are: %v", m.Name, size, sum, n, err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if used := info.Sys().(*syscall.Stat_t).Blocks * 512; used > 8<<20 {
		t.Errorf("%s takes %d bytes", m.Name, used)
	}
}

// The file for the box's owner is there where the profile takes one.
func TestSiteExample(t *testing.T) {
	p := &profile.Profile{Name: "box"}
	if got := espFiles(p); got != nil {
		t.Errorf("nobody asked for %v", got)
	}
	p.Site = &spec.Site{}
	if got := espFiles(p); len(got) != 1 || got[0].Path != "site.toml" {
		t.Errorf("got %v", got)
	}
}
