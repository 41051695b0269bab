package boot

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Forward is a port of this machine that leads to one of the guest, at the address that QEMU's DHCP gives its first interface.
type Forward struct {
	Network string // tcp or udp
	Host    netip.AddrPort
	Guest   uint16
}

// UnmarshalText accepts "2222:22", with this machine's address before it and "/udp" behind it where they are wanted.
func (f *Forward) UnmarshalText(b []byte) error {
	wrong := spec.Unaccepted(`HOST:GUEST, such as 2222:22, 5353:53/udp, or 0.0.0.0:8080:80 for others than this machine`, "%q is no forwarded port", b)
	text, network, named := strings.Cut(string(b), "/")
	if !named {
		network = "tcp"
	}
	parts := strings.Split(text, ":")
	if len(parts) == 2 {
		parts = append([]string{"127.0.0.1"}, parts...)
	}
	if len(parts) != 3 || network != "tcp" && network != "udp" {
		return wrong
	}
	addr, err := netip.ParseAddr(parts[0])
	host, errHost := strconv.ParseUint(parts[1], 10, 16)
	guest, errGuest := strconv.ParseUint(parts[2], 10, 16)
	if err != nil || !addr.Is4() || errHost != nil || errGuest != nil || host == 0 || guest == 0 {
		return wrong
	}
	*f = Forward{network, netip.AddrPortFrom(addr, uint16(host)), uint16(guest)}
	return nil
}

func (f Forward) String() string {
	return fmt.Sprintf("%s of this machine is port %d of the guest (%s)", f.Host, f.Guest, f.Network)
}

// Free says whether the port can be had here.
func (f Forward) Free() error {
	var port io.Closer
	var err error
	if f.Network == "udp" {
		port, err = net.ListenPacket("udp4", f.Host.String())
	} else {
		port, err = net.Listen("tcp4", f.Host.String())
	}
	if err != nil {
		return fmt.Errorf("forwarding to the guest: %w", err)
	}
	return port.Close()
}

// forward lets ports lead to a guest's first interface.
func forward(c *qemu.Config, forwards []Forward) error {
	if len(forwards) == 0 {
		return nil
	}
	if len(c.NICs) == 0 {
		return fmt.Errorf("forwarding ports: the guest has no interface (run.nics, or --nic)")
	}
	first := &c.NICs[0]
	if first.Backend == "" {
		first.Backend = "user"
	}
	for _, f := range forwards {
		first.Backend += fmt.Sprintf(",hostfwd=%s:%s:%d-:%d", f.Network, f.Host.Addr(), f.Host.Port(), f.Guest)
	}
	return nil
}
