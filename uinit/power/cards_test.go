package power

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// Cards of the driver go down, others stay up; whatever else is set of them stays. veth and bridge stand for drivers: this needs no hardware.
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
		if err := errors.Join(netlink.LinkSetARPOff(l), netlink.LinkSetUp(l)); err != nil {
			t.Fatal(err)
		}
	}
	if err := takeDown("veth"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint32{"a": 0, "b": 0, "other": unix.IFF_UP} {
		l, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		// Nothing else about them changes.
		if got := l.Attrs().RawFlags & (unix.IFF_UP | unix.IFF_NOARP); got != want|unix.IFF_NOARP {
			t.Errorf("%s has flags %#x, want %#x", name, got, want|unix.IFF_NOARP)
		}
	}
}
