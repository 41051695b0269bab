package slack

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A program has the usual slack whatever its starter's is, and the starter keeps its own.
func TestStart(t *testing.T) {
	if _, err := os.Stat("/proc/self/timerslack_ns"); err != nil {
		t.Skipf("the kernel does not tell a process's slack: %v", err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, test := range []struct {
		start func(*exec.Cmd) error
		want  time.Duration
	}{
		{(*exec.Cmd).Start, Wide}, // what this package is for
		{Start, Usual},
	} {
		Fork(Wide, func() {
			var out strings.Builder
			cmd := exec.Command("cat", "/proc/self/timerslack_ns")
			cmd.Stdout = &out
			if err := test.start(cmd); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(out.String()); got != strconv.Itoa(int(test.want)) {
				t.Errorf("the program has a slack of %s ns, want %v", got, test.want)
			}
			if own, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || time.Duration(own) != Wide {
				t.Errorf("its starter has %v, %v", time.Duration(own), err)
			}
		})
	}
	if err := Start(exec.Command("/no/such/program")); err == nil {
		t.Error("an error was passed over")
	}
}
