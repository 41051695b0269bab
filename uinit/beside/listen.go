package beside

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Listen opens a socket at a TCP port of each of these addresses, by default one for all.
func Listen(addresses []netip.Addr, port int) ([]*os.File, error) {
	if len(addresses) == 0 {
		addresses = []netip.Addr{{}}
	}
	var open []*os.File
	for _, a := range addresses {
		fd, err := Socket(a, port)
		if err != nil {
			closeAll(open)
			return nil, err
		}
		open = append(open, os.NewFile(uintptr(fd), "socket"))
	}
	return open, nil
}

// Socket opens a socket that listens at a TCP port of an address, which need not be there yet; the interface that its zone
// names must be. The zero address stands for all, of IPv6 and IPv4 together, or of IPv4 where that is all there is. Package net
// would bring a resolver along, which is half a megabyte with what it stands on.
func Socket(a netip.Addr, port int) (fd int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("listening on port %d of %s: %w", port, nameOf(a), err)
		}
	}()
	at, family, err := address(a, port)
	if err != nil {
		return -1, err
	}
	const kind = unix.SOCK_STREAM | unix.SOCK_CLOEXEC
	fd, err = unix.Socket(family, kind, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) && !a.IsValid() {
		at, family = &unix.SockaddrInet4{Port: port}, unix.AF_INET
		fd, err = unix.Socket(family, kind, 0)
	}
	if err != nil {
		return -1, err
	}
	set := func(level, option, value int) {
		if err == nil {
			err = unix.SetsockoptInt(fd, level, option, value)
		}
	}
	// The connections of the last server may still be on their way.
	set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	set(unix.SOL_IP, unix.IP_FREEBIND, 1)
	if family == unix.AF_INET6 {
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only(a))
	}
	if err == nil {
		err = unix.Bind(fd, at)
	}
	if err == nil {
		err = unix.Listen(fd, unix.SOMAXCONN)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// only is IPV6_V6ONLY: an address is itself, and no address is all, of either kind.
func only(a netip.Addr) int {
	if a.IsValid() {
		return 1
	}
	return 0
}

func nameOf(a netip.Addr) string {
	if a.IsValid() {
		return a.String()
	}
	return "all addresses"
}

func address(a netip.Addr, port int) (unix.Sockaddr, int, error) {
	a = a.Unmap()
	if a.Is4() {
		return &unix.SockaddrInet4{Port: port, Addr: a.As4()}, unix.AF_INET, nil
	}
	at := &unix.SockaddrInet6{Port: port}
	if a.IsValid() {
		at.Addr = a.As16()
	}
	if a.Zone() != "" {
		link, err := net.InterfaceByName(a.Zone())
		if err != nil {
			return nil, 0, err
		}
		at.ZoneId = uint32(link.Index)
	}
	return at, unix.AF_INET6, nil
}
