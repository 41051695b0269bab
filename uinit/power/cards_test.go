package power

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
)

// Cards of the driver go down, others stay up. veth and bridge stand for drivers: this needs no hardware.
func TestTakeDown(t *testing.T) {
	if os.Getenv("POWER_TEST_NETNS") == "" {
		inNamespace(t)
		return
	}
	for _, l := range []netlink.Link{
		&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a"}, PeerName: "b"},
		&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "other"}},
	} {
		if err := netlink.LinkAdd(l); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b", "other"} {
		l, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetUp(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := takeDown("veth"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"a": false, "b": false, "other": true} {
		l, err := net.InterfaceByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if up := l.Flags&net.FlagUp != 0; up != want {
			t.Errorf("%s is up: %v, want %v", name, up, want)
		}
	}
}

// inNamespace runs the test in a process and a network namespace of its own.
func inNamespace(t *testing.T) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "POWER_TEST_NETNS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Skipf("no network namespaces here: %v", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
}
