package qemu

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/vm/qemu/gate"
)

// openTap makes a tap device, joins it to a bridge and returns its open file; the device goes when the
// last copy of the file is closed (Documentation/networking/tuntap.rst).
func openTap(tap File) (*os.File, error) {
	name := tap.Path
	f, err := openDevice("/dev/net/tun")
	if err != nil {
		return nil, fmt.Errorf("making interface %s: %w", name, err)
	}
	if err := errors.Join(attach(int(f.Fd()), name), join(tap)); err != nil {
		f.Close()
		return nil, fmt.Errorf("making interface %s: %w", name, err)
	}
	return f, nil
}

func attach(fd int, name string) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	return unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
}

// join makes a tap device ready for its guest, whose first frame can come once it is up: what keeps the guest to itself is there by then.
func join(f File) error {
	tap, err := netlink.LinkByName(f.Path)
	if err != nil {
		return err
	}
	mac, err := net.ParseMAC(string(hostSide(f.NIC.MAC)))
	if err == nil {
		err = netlink.LinkSetHardwareAddr(tap, mac)
	}
	if err != nil {
		return fmt.Errorf("setting its hardware address: %w", err)
	}
	// The guest's frames are none of the host's business: no address of its own on this side.
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+f.Path+"/disable_ipv6", []byte("1"), 0)
	if !f.NIC.Trusted {
		program, err := gate.Program(f.NIC)
		if err == nil {
			err = gate.Attach(tap.Attrs().Index, program)
		}
		if err != nil {
			return err
		}
	}
	master, err := netlink.LinkByName(f.NIC.Bridge)
	if err != nil {
		return fmt.Errorf("finding bridge %s: %w", f.NIC.Bridge, err)
	}
	if err := netlink.LinkSetMTU(tap, master.Attrs().MTU); err != nil {
		return fmt.Errorf("setting its largest packet: %w", err)
	}
	if err := netlink.LinkSetMaster(tap, master); err != nil {
		return fmt.Errorf("joining bridge %s: %w", f.NIC.Bridge, err)
	}
	if f.NIC.Isolated {
		if err := netlink.LinkSetIsolated(tap, true); err != nil {
			return fmt.Errorf("isolating it: %w", err)
		}
	}
	return netlink.LinkSetUp(tap)
}
