package container

import (
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// A container that waits for an address ends at once when it is to, and nothing is wrong with it.
func TestStopWhileConnecting(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS|unix.CLONE_NEWNET) {
		return
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
	if err := netlink.LinkAdd(bridge); err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(bridge); err != nil {
		t.Fatal(err)
	}
	hour := spec.Duration(time.Hour)
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/sleep", "1000"}, StopTimeout: hour,
		NIC: map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", DHCP4: true}}}})
	one := b.all["web"]
	started := make(chan error, 1)
	go func() { started <- b.begin(t.Context(), one) }()
	await(t, "its wait for an address", func() bool { return one.waiting() == "its start; its network interfaces" })
	if err := b.end(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if <-started; one.service.State() != supervise.Stopped || one.trouble() != nil {
		t.Errorf("it is %s: %v", one.service.State(), one.trouble())
	}
}
