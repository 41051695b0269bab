package qemu_tests

import (
	"fmt"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// A box without any state of its own leaves word of its crashes in the firmware's variables.
func TestCrashesKeptByFirmware(t *testing.T) {
	t.Parallel()
	long(t) // four boots by way of firmware, one of them after a minute's pause
	a := extended(t, `
formats = ["kernel", "uki"]
[kernel]
package = "linux-image-cloud-amd64"
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests", "`+report.ParamTest+`"]
`, map[string]string{})
	a = a.from(way{firmware: qemu.UEFI, medium: profile.FormatUKI})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	g := startFor(t, vm.Config, 3*limit)
	// The variables last as long as this QEMU, so the machine is to start again in it.
	if _, err := g.QMP(t.Context(), "set-action", map[string]string{"reboot": "reset"}); err != nil {
		t.Fatal(err)
	}
	booted := func(n int) report.State {
		return until(t, g, fmt.Sprintf("boot %d", n), func(s *report.State) bool { return hellos(s) == n && isUp(s) })
	}
	for n := range 3 {
		booted(n + 1)
		crash(t, g, "KILL")
	}
	if got := lastBoot(booted(4)); got != "rebooted because uinit crashed again and again (1 in a row); the last time: killed by SIGKILL" {
		t.Errorf("of the last boot it says %q", got)
	}
	// Who ends the run in good order has seen it.
	if _, err := g.Request(t.Context(), report.Request{Power: "reboot"}); err != nil {
		t.Fatal(err)
	}
	if got := lastBoot(booted(5)); got != "" {
		t.Errorf("it still says %q", got)
	}
}

// lastBoot is what the worker that runs now says of the last boot.
func lastBoot(s report.State) (text string) {
	for _, e := range s.Events {
		switch {
		case e.Kind == report.KindHello:
			text = ""
		case e.Name == "last-boot":
			text = e.Message
		}
	}
	return text
}
