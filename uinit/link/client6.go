package link

import (
	"context"
	"net"
	"net/netip"

	"github.com/imgbuild/imgbuild/uinit/dhcp6"
)

// Client6 is a DHCPv6 client of one link.
type Client6 interface {
	// Run opens a socket at the link-local address, and keeps a lease as dhcp6.Client does.
	Run(ctx context.Context, nic int, local netip.Addr, last *dhcp6.Lease, changed func(*dhcp6.Lease)) error
	Decline(netip.Addr)
	Waiting() (what, asked string)
}

// Clients6 makes DHCPv6 clients; stateless ones ask for no address.
type Clients6 func(name string, mac net.HardwareAddr, stateless bool) Client6

// DHCP6 makes clients that open their own sockets.
func DHCP6(name string, mac net.HardwareAddr, stateless bool) Client6 {
	return openClient6{dhcp6.New(name, mac, hostName, stateless)}
}

type openClient6 struct{ *dhcp6.Client }

func (c openClient6) Run(ctx context.Context, nic int, local netip.Addr, last *dhcp6.Lease, changed func(*dhcp6.Lease)) error {
	socket, err := dhcp6.Open(nic, c.Link, local)
	if err != nil {
		return err
	}
	defer socket.Close()
	return c.Client.Run(ctx, socket, last, changed)
}
