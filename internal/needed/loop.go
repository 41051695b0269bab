package needed

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Loop makes a block device of a file until the test ends, with further flags of losetup(8).
func Loop(t testing.TB, file string, flags ...string) (device string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("loop devices need root")
	}
	losetup := Program(t, "losetup")
	out, err := exec.Command(losetup, append(flags, "--find", "--show", file)...).CombinedOutput()
	if err != nil {
		t.Skipf("no loop device to be had: %v: %s", err, out)
	}
	device = strings.TrimSpace(string(out))
	t.Cleanup(func() {
		if out, err := exec.Command(losetup, "--detach", device).CombinedOutput(); err != nil {
			t.Errorf("detaching %s: %v: %s", device, err, out)
		}
	})
	return device
}
