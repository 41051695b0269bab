package qemu_tests

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/qemu/tsc"
	"github.com/imgbuild/imgbuild/internal/report"
)

// firmwareLimit bounds UEFI, a kernel and its init in an emulator within an emulator.
const firmwareLimit = 12 * time.Minute

// A guest that UEFI starts from a disk of this project's making, within the guest: firmware, kernel and the start of uinit are
// heard on its console. That much takes two minutes and a half; uinit itself, which is code that runs once, did not say a word in
// eight. Emulating KVM, which is faster, ends in QEMU's own assertion. It hears no power button so early and is switched off.
func TestNestedUEFI(t *testing.T) {
	t.Parallel()
	long(t)
	words := append([]string{"console=tty0", "console=ttyS0,115200n8"}, qemu.KernelArgs(qemu.AccelTCG, tsc.KHz())...)
	inner := extended(t, "formats = [\"kernel\", \"disk\"]\n"+strings.Replace(cloud, "[kernel]\n", fmt.Sprintf("[kernel]\ncmdline = [\"%s\"]\ndrivers = [\"virtio\"]\n", strings.Join(words, `", "`)), 1)+`
[access]
host_password = false
[user.root]
# "correct horse"
password_hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
[ethernet.lan]
optional = true
`, map[string]string{})
	host := built(t, written(t, "extends = \"hypervisor\"\n"+cloud+`
[run]
memory = "768M"
[vm.efi]
memory       = "256M" # GRUB holds kernel and initramfs in a quarter of it
firmware     = "uefi"
accel        = "tcg" # QEMU 7.2 that emulates KVM itself dies of this firmware (tcg_handle_interrupt: iothread not locked)
stop_timeout = "3s"
[vm.efi.disk.root]
path = "/dev/vdb"
`, map[string]string{}))
	vm, err := boot.Prepare(t.Context(), host.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{Path: filepath.Join(filepath.Dir(inner.kernel), "box.img"), Snapshot: true})
	g := startFor(t, vm.Config, firmwareLimit)
	until(t, g, "the end of the boot", isBooted)
	begin := time.Now()
	if got := inside(t, g, "uinitctl vm start efi"); !like("GUEST*efi*running*256M*", got) {
		t.Fatalf("starting the guest prints\n%s", got)
	}
	for _, heard := range []string{"BdsDxe", "Linux version 6", "Run /init as init process"} {
		line := fmt.Sprintf(`while read -rn 200 line; do [[ $line == *%q* ]] && break; done < <(uinitctl vm console efi </dev/null); echo "$line"`, heard)
		reply, err := g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", line}, Timeout: (firmwareLimit / 4).Seconds()})
		if err != nil || !strings.Contains(reply.Output, heard) {
			t.Fatalf("waiting for %q on the guest's console: %+v, %v; it shows:\n%s", heard, reply, err,
				inside(t, g, "uinitctl vm stats; (uinitctl vm console efi </dev/null & p=$!; exec 9<> <(:); read -rt 5 -u 9; kill $p) | tail -n 30; :"))
		}
		t.Logf("%q after %v: %s", heard, time.Since(begin).Round(time.Second), strings.TrimSpace(reply.Output))
	}
	begin = time.Now()
	if got := inside(t, g, "uinitctl vm stop efi"); !like("GUEST*efi*stopped*", got) {
		t.Errorf("stopping the guest prints\n%s", got)
	}
	if took := time.Since(begin); took < 3*time.Second {
		t.Errorf("the guest had 3 s and was gone after %v", took)
	}
	off(t, g)
}
