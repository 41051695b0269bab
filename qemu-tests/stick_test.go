package qemu_tests

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// The rescue stick is written as "imgbuild flash" does, onto a larger one, starts a machine from there, and
// is pulled once the prompt is there: everything goes on.
func TestRescueStickPulled(t *testing.T) {
	t.Parallel()
	long(t)
	path := filepath.Join(t.TempDir(), "stick.toml")
	text := `extends = "rescue"
formats = ["kernel", "disk"]
[kernel]
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests", "` + report.ParamTest + `"]
[ssh]
[user.root]
authorized_keys = ["` + publicKey(t) + `"]
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	a := built(t, path)
	stick, source := filepath.Join(t.TempDir(), "stick"), build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatDisk)
	flashOnto(t, source, stick, diskBytes(t, source)+123<<20)
	a = a.from(way{firmware: qemu.BIOS, medium: profile.FormatDisk, bus: qemu.USB})
	a.options.Medium.Path = stick
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	swap := filepath.Join(t.TempDir(), "swap")
	if err := errors.Join(os.WriteFile(swap, nil, 0o600), os.Truncate(swap, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkswap", swap).CombinedOutput(); err != nil {
		t.Fatalf("mkswap: %v\n%s", err, out)
	}
	before := digest(t, swap)
	vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "swap", Path: swap})
	ctx, cancel := context.WithTimeout(t.Context(), 2*limit)
	defer cancel()
	g, err := qemu.Start(ctx, vm.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Kill()
	declares(t, g, vm.Config)
	began := time.Now()
	until(t, g, "the boot", func(s *report.State) bool { return isBooted(s) && s.Units["service:ssh"].State == "ok" })
	t.Logf("booted after %.0f s", time.Since(began).Seconds())
	// Nothing in the boot waits for the stick, so it may not be there yet.
	if got := inside(t, g, "exec 9<> <(:); until [[ -e /sys/class/block/sda ]]; do read -rt 0.1 -u 9; done; for d in /sys/class/block/sd?; do read r <$d/removable; echo ${d##*/} $r; done"); got != "sda 1" {
		t.Errorf("the stick is %q, want sda 1", got)
	}
	if _, err := g.QMP(ctx, "device_del", map[string]string{"id": "medium"}); err != nil {
		t.Fatal(err)
	}
	_, err = g.Monitor().WaitEvent(ctx, "DEVICE_DELETED", func(data json.RawMessage) bool { return strings.Contains(string(data), `"medium"`) })
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"exec 9<> <(:); until [[ ! -e /sys/class/block/sda ]]; do read -rt 0.1 -u 9; done; echo gone": "gone",
		"rescue-report --tools":                                         "all tools start",
		"rescue-report /tmp/r; grep -c '^== ' /tmp/r":                   "/tmp/r\n13",
		"n=0; while read -r l; do ((++n)); done </proc/swaps; echo $n":  "1", // its head line
		"grep -c ext4 /proc/mounts; grep -c ' active ' /proc/mdstat; :": "0\n0",
	} {
		if got := inside(t, g, line); got != want {
			t.Errorf("without the stick %s prints %q, want %q", line, got, want)
		}
	}
	off(t, g)
	if digest(t, swap) != before {
		t.Error("the rescue stick wrote to a swap partition")
	}
}
