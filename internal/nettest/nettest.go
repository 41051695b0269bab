// Package nettest runs tests in network namespaces of their own, where they may make any interface.
package nettest

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// within is set in the environment of the process that has the namespace.
const within = "IMGBUILD_TEST_NETNS"

// Within says whether this process has a network namespace of its own. If not, it runs the test once more in one that has, which
// may take as long as limit, and hands on what comes of it. flags are further namespaces (clone(2)); with a user namespace the
// test's user is the only one there.
func Within(t *testing.T, limit time.Duration, flags uintptr) bool {
	t.Helper()
	if os.Getenv(within) != "" {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout="+limit.String())
	cmd.Env = append(os.Environ(), within+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | flags}
	if flags&syscall.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skipf("no network namespaces here: %v", err)
	}
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skip("see above")
	}
	return false
}
