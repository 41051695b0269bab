package qemu_tests

import (
	"regexp"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A UKI by itself has no menu: there the rescue way is a key on the serial line. One press is enough from when
// the kernel has opened its console, though uinit only listens later. Its kernel line is as long as it may be. TestHeldBoot presses keys, too,
// and TestSecureBootTakesNothingFromOutside comes from UEFI.
func TestHoldKey(t *testing.T) {
	t.Parallel()
	long(t)
	// Nothing is added to a program's line on its way to the kernel.
	a := extended(t, longestLine(t, `
formats = ["kernel", "uki"]
[kernel]
package = "linux-image-cloud-amd64"
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests"]
`), map[string]string{})
	a = a.from(way{firmware: qemu.UEFI, medium: profile.FormatUKI})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	g := start(t, vm.Config)
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ expect, send string }{
		{`Run /init as init process`, "r"},
		{`The boot is held\.[\s\S]*> $`, "w"},
		{`w\n[\s\S]*> $`, "s"},
		{`Password of root: `, vm.Password + "\n"},
		{`# $`, "exit\n"},
		{`The boot is held\.[\s\S]*> $`, "c"},
		{`login: $`, ""},
	} {
		if _, err := console.Expect(t.Context(), regexp.MustCompile(step.expect)); err != nil {
			t.Fatal(err)
		}
		if err := console.Send(step.send); err != nil {
			t.Fatal(err)
		}
	}
	if line := inside(t, g, "cat /proc/cmdline"); line != a.options.Cmdline || len(line) != spec.MaxKernelLine {
		t.Errorf("the kernel was given %d characters, want the %d of the profile: %q", len(line), spec.MaxKernelLine, line)
	}
}
