package qemu_tests

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// The media that boot stand up to programs that we did not write.
func TestMediaByOthers(t *testing.T) {
	t.Parallel()
	a := extended(t, onMedia+"[disk]\nstate = \"512M\"\n", map[string]string{})
	dir := filepath.Dir(a.kernel)
	image, cd := build.Medium(a.profile, dir, profile.FormatDisk), build.Medium(a.profile, dir, profile.FormatISO)
	whole, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	esp, volume := partitionOf(t, image, layout.ESPName), filepath.Join(t.TempDir(), "esp")
	if err := os.WriteFile(volume, whole[esp.Offset():][:esp.Bytes()], 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want    string
		command []string
	}{
		{"No problems found", []string{"sgdisk", "-v", image}},
		{"No problems found", []string{"sgdisk", "-v", cd}},
		{"files, ", []string{"fsck.vfat", "-n", volume}},
		{"BOOTX64  EFI", []string{"mdir", "-i", volume, "::EFI/BOOT"}},
		{"El Torito boot img :   1  BIOS", []string{"xorriso", "-indev", cd, "-report_el_torito", "plain"}},
		{"El Torito boot img :   2  UEFI", []string{"xorriso", "-indev", cd, "-report_el_torito", "plain"}},
	} {
		text, err := exec.Command(c.command[0], c.command[1:]...).CombinedOutput()
		if err != nil || !strings.Contains(string(text), c.want) {
			t.Errorf("%v: %v\n%s", c.command, err, text)
		}
	}
	payload, err := os.Stat(build.Medium(a.profile, dir, profile.FormatUKI))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(image)
	if err != nil {
		t.Fatal(err)
	}
	if allocated := info.Sys().(*syscall.Stat_t).Blocks * 512; float64(allocated) > 1.3*float64(payload.Size()) {
		t.Errorf("the disk image takes %d bytes for a payload of %d", allocated, payload.Size())
	}
}

// A disk stored in another format is the same disk.
func TestStoredDisks(t *testing.T) {
	t.Parallel()
	long(t) // build/qcow, build/vhd and build/vmdk ask the same program about disks that are no box
	raw := ""
	for _, f := range []profile.DiskFormat{profile.DiskRaw, profile.DiskQCOW2, profile.DiskVHD, profile.DiskVMDK} {
		a := extended(t, "formats = [\"kernel\", \"disk\"]\n[disk]\nformat = \""+string(f)+"\"\n", map[string]string{})
		file := build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatDisk)
		if f == profile.DiskRaw {
			raw = file
			continue
		}
		name := map[profile.DiskFormat]string{profile.DiskQCOW2: "qcow2", profile.DiskVHD: "vpc", profile.DiskVMDK: "vmdk"}[f]
		if text, err := exec.Command("qemu-img", "compare", "-f", "raw", "-F", name, raw, file).CombinedOutput(); err != nil {
			t.Errorf("comparing %s: %v\n%s", f, err, text)
		}
		if f == profile.DiskVHD {
			continue // qemu-img has no check for it
		}
		text, err := exec.Command("qemu-img", "check", "-f", name, "--output=json", file).Output()
		var report struct {
			Errors int `json:"check-errors"`
			Leaks  int
		}
		if err != nil || json.Unmarshal(text, &report) != nil || report.Errors+report.Leaks != 0 {
			t.Errorf("checking %s: %v\n%s", f, err, text)
		}
	}
}
