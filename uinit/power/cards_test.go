package power

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// Cards of the driver go down, others stay up. veth and bridge stand for drivers: this needs no hardware.
func TestTakeDown(t *testing.T) {
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER) {
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
