package qemu_tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/qemu/efivars"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Whoever can write to the ESP, to the firmware's boot entries or to SMBIOS, but cannot sign, tries every way that systemd-stub has
// for them: load options, credentials, system extensions, add-ons, words in SMBIOS. With Secure Boot the kernel gets the
// signed line and uinit nothing at all. Without it the very same attack gets through, or this test would prove nothing. The program is that of
// the format uki, copied onto the ESP; what a disk starts by itself has no stub, and TestMenu tries that.
func TestSecureBootTakesNothingFromOutside(t *testing.T) {
	t.Parallel()
	needed.File(t, qemu.OVMFSecureCode)
	key, cert, err := uki.GenKey("imgbuild test", 2048, time.Now().Add(-time.Hour), 1)
	if err != nil {
		t.Fatal(err)
	}
	a := extended(t, `
formats = ["kernel", "uki", "disk"]
[kernel]
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests", "uinit.test"]
[secureboot]
key  = "box.key"
cert = "box.crt"
[disk]
spare = "96M"
`, map[string]string{"box.key": string(uki.EncodeKey(key)), "box.crt": string(uki.EncodeCertificate(cert))})
	unified := build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatUKI)
	verify(t, cert, unified)
	disk := filepath.Join(t.TempDir(), "disk")
	if out, err := exec.Command("cp", "--sparse=always", build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatDisk), disk).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	esp := partitionOf(t, disk, layout.ESPName)
	beside(t, disk, esp, unified)
	const foreign = "outside.options=1 console=ttyS0,115200n8 panic=-1 no_timer_check cryptomgr.notests uinit.test"
	for _, secure := range []bool{true, false} {
		t.Run(map[bool]string{true: "Secure Boot", false: "setup mode"}[secure], func(t *testing.T) {
			if !secure {
				long(t)
			}
			a := a.from(way{firmware: qemu.UEFI, medium: profile.FormatDisk})
			a.options.Medium.Path, a.options.SecureBoot = disk, cert
			a.options.Extra = []string{
				"-smbios", "type=11,value=io.systemd.stub.kernel-cmdline-extra=outside.smbios=1",
				"-smbios", "type=11,value=io.systemd.credential:passwd.hashed-password.root=x",
			}
			vm, err := boot.Prepare(t.Context(), a.options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(vm.Close)
			template := vm.Config.FirmwareVars
			if !secure { // without a key of its platform, firmware checks nothing
				template = qemu.OVMFVars
			}
			vars, err := os.ReadFile(template)
			if err == nil {
				vars, err = efivars.AddEntry(vars, efivars.Entry{Title: "outside", Partition: esp, Number: partitionNumber(t, disk, esp), Path: `\EFI\BOOT\UNIFIED.EFI`, Options: foreign})
			}
			vm.Config.FirmwareVars = filepath.Join(t.TempDir(), "vars")
			if err := errors.Join(err, os.WriteFile(vm.Config.FirmwareVars, vars, 0o600)); err != nil {
				t.Fatal(err)
			}
			for i := range vm.Config.Disks {
				vm.Config.Disks[i].Boot = false // the firmware goes by its own entries
			}
			g := startFor(t, vm.Config, 2*limit) // firmware checks the whole program under emulation
			until(t, g, "the boot", isBooted)
			if secure { // and all else is as it is without
				becomes(t, g, "an address", func(s *report.State) bool { return slices.Contains(addresses(s, "lan"), addr("10.0.2.15")) })
			}
			want := map[bool]string{true: strings.Join(a.profile.Kernel.Cmdline, " "), false: foreign}[secure]
			if got := inside(t, g, "read -r l </proc/cmdline; echo $l"); got != want {
				t.Errorf("the kernel line is %q, want %q", got, want)
			}
			if got := inside(t, g, "shopt -s dotglob nullglob; echo /.extra* /*.cred /*.raw"); got != "" {
				t.Errorf("of what lay beside the program there is %s", got)
			}
			// The stub had unpacked it.
			says(t, g, "", "files beside the program on the boot medium are not used; /.extra was removed")
		})
	}
}

// beside puts a program with systemd-stub onto the ESP, and what that would take up.
func beside(t *testing.T, disk string, esp layout.Partition, unified string) {
	t.Helper()
	dir := t.TempDir()
	at := fmt.Sprintf("%s@@%d", disk, esp.Offset())
	for _, folder := range []string{"::/EFI/BOOT/UNIFIED.EFI.extra.d", "::/loader", "::/loader/credentials", "::/loader/addons"} {
		if out, err := exec.Command("mmd", "-i", at, folder).CombinedOutput(); err != nil {
			t.Fatalf("mmd %s: %v\n%s", folder, err, out)
		}
	}
	if out, err := exec.Command("mcopy", "-i", at, unified, "::/EFI/BOOT/UNIFIED.EFI").CombinedOutput(); err != nil {
		t.Fatalf("mcopy: %v\n%s", err, out)
	}
	for _, name := range []string{
		"EFI/BOOT/UNIFIED.EFI.extra.d/passwd.hashed-password.root.cred", "EFI/BOOT/UNIFIED.EFI.extra.d/evil.raw",
		"EFI/BOOT/UNIFIED.EFI.extra.d/evil.addon.efi", "loader/credentials/init.cred", "loader/addons/evil.addon.efi", "loader/random-seed",
	} {
		file := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(file, []byte(strings.Repeat("evil", 128)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("mcopy", "-i", at, file, "::/"+name).CombinedOutput(); err != nil {
			t.Fatalf("mcopy %s: %v\n%s", name, err, out)
		}
	}
}

// partitionNumber is a partition's place in the table.
func partitionNumber(t *testing.T, disk string, p layout.Partition) int {
	t.Helper()
	out, err := exec.Command("sgdisk", "-p", disk).Output()
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(fmt.Sprintf(`(?m)^ +([0-9]+) +%d +`, p.Start)).FindSubmatch(out)
	if row == nil {
		t.Fatalf("no partition begins at %d:\n%s", p.Start, out)
	}
	n := 0
	if _, err := fmt.Sscan(string(row[1]), &n); err != nil {
		t.Fatal(err)
	}
	return n
}
