package qemu_tests

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// The kernel line of a second disk has a word that the first has not.
const ownWord, otherWord = "panic=-1", "panic=-2"

// Each key does what the screen says, on a BIOS and on UEFI, with and without Secure Boot, from a disk, a CD and a stick.
func TestMenu(t *testing.T) {
	t.Parallel()
	needed.File(t, qemu.OVMFSecureCode)
	key, cert, err := uki.GenKey("imgbuild test", 2048, time.Now().Add(-time.Hour), 1)
	if err != nil {
		t.Fatal(err)
	}
	menu := strings.Replace(onMedia, lastOf, lastOf[:len(lastOf)-1]+`, "`+report.ParamTest+`"]`, 1) + "[menu]\nentries = [\"serial\", \"memory\", \"disk\"]\nwait = \"1m\"\n" // for a machine on which a second is short
	open := extended(t, menu, map[string]string{})
	signed := extended(t, menu+"[secureboot]\nkey  = \"box.key\"\ncert = \"box.crt\"\n",
		map[string]string{"box.key": string(uki.EncodeKey(key)), "box.crt": string(uki.EncodeCertificate(cert))})
	for _, w := range []struct {
		way
		signed, secure bool
	}{
		{way{firmware: qemu.BIOS, medium: profile.FormatDisk, bus: qemu.AHCI}, false, false},
		{way{firmware: qemu.BIOS, medium: profile.FormatISO}, false, false},
		{way{firmware: qemu.BIOS, medium: profile.FormatDisk, bus: qemu.USB}, true, false},
		{way{firmware: qemu.UEFI, medium: profile.FormatDisk, bus: qemu.USB}, false, false},
		{way{firmware: qemu.UEFI, medium: profile.FormatISO}, false, false},
		{way{firmware: qemu.UEFI, medium: profile.FormatISO, bus: qemu.USB}, false, false},
		{way{firmware: qemu.UEFI, medium: profile.FormatDisk, bus: qemu.Virtio}, true, true},
		{way{firmware: qemu.UEFI, medium: profile.FormatISO}, true, true},
		{way{firmware: qemu.UEFI, medium: profile.FormatISO, bus: qemu.USB}, true, true},
	} {
		name := w.String()
		if w.signed {
			name += " signed"
		}
		t.Run(name, func(t *testing.T) {
			if !w.secure || w.medium != profile.FormatDisk {
				long(t) // TestGRUBPassword starts from a BIOS, TestMedia, too
			}
			a := open
			if w.signed {
				a = signed
			}
			other := otherDisk(t, open)
			if w.secure {
				other = otherDisk(t, signed) // unsigned it would be refused, and no entry of the menu's could tell
			}
			a = a.from(w.way)
			if w.secure {
				a.options.SecureBoot = cert
			}
			vm, err := boot.Prepare(t.Context(), a.options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(vm.Close)
			vm.Config.Reboot = true
			if cd := vm.Config.CDROM; cd != "" { // before the other disk
				vm.Config.CDROM = ""
				vm.Config.Extra = append(vm.Config.Extra, "-drive", "if=none,id=cd,media=cdrom,readonly=on,format=raw,file="+cd, "-device", "ide-cd,bus=ide.4,drive=cd,bootindex=0")
			}
			vm.Config.Extra = append(vm.Config.Extra, "-device", "VGA")
			// With a place in the firmware's order: OVMF wakes no other disks, and GRUB sees those alone.
			vm.Config.Extra = append(vm.Config.Extra, "-drive", "if=none,id=other,snapshot=on,format=raw,file="+other, "-device", "ide-hd,bus=ide.5,drive=other,bootindex=5")
			g := startFor(t, vm.Config, 4*limit)
			console, err := g.Console("ttyS0")
			if err != nil {
				t.Fatal(err)
			}
			// What comes of a key is waited for, too: the next key would be pressed at the sight of this menu.
			choose := func(key, expect string) {
				t.Helper()
				ctx, end := context.WithTimeout(t.Context(), limit)
				defer end()
				await := func(what string) {
					if _, err := console.Expect(ctx, regexp.MustCompile(what)); err != nil {
						t.Fatalf("%s: waiting for %s: %v; the console shows:\n%q", key, what, err, console.Text())
					}
				}
				await(`\[` + key + `\] `)
				if err := console.Send(key); err != nil {
					t.Fatal(err)
				}
				await(expect)
			}
			choose("9", `Linux version`)
			until(t, g, "the boot", isBooted)
			words := slices.DeleteFunc(slices.Clone(a.profile.Kernel.Cmdline), func(word string) bool { return strings.HasPrefix(word, "console=ttyS0") })
			want := strings.Join(append(words, "console=ttyS0,9600n8"), " ")
			if _, line, _ := strings.Cut(inside(t, g, "cat /proc/cmdline"), " "); line != want { // behind GRUB's own word, BOOT_IMAGE=
				t.Errorf("the kernel line is %q, want %q", line, want)
			}
			// UEFI's screen goes on from GRUB to the kernel, which has no other way to one.
			screen := inside(t, g, "shopt -s nullglob; echo /sys/devices/platform/{efi,simple}-framebuffer*")
			if (screen != "") != (w.firmware == qemu.UEFI) {
				t.Errorf("of the firmware's screen the kernel has %q", screen)
			}
			for _, step := range []struct{ key, expect string }{
				{"m", `Memtest86\+ v6`},
				{"l", `Command line: .*` + regexp.QuoteMeta(otherWord)},
			} {
				if w.secure && step.key == "l" {
					step.expect = `Back to the firmware`
				}
				if _, err := g.QMP(t.Context(), "system_reset", nil); err != nil {
					t.Fatal(err)
				}
				choose(step.key, step.expect)
			}
		})
	}
}

// otherDisk is a disk that starts by itself, with another word on its kernel lines.
func otherDisk(t *testing.T, a appliance) string {
	t.Helper()
	image, err := os.ReadFile(build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatDisk))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(path, bytes.ReplaceAll(image, []byte(ownWord), []byte(otherWord)), 0o600); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(image), ownWord) {
		t.Fatalf("no %s is on the disk", ownWord)
	}
	return path
}
