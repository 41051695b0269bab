package link

import (
	"context"
	"net"
	"net/netip"

	"github.com/imgbuild/imgbuild/uinit/dhcp6/lease"
)

// Client6 is a DHCPv6 client of one link, as dhcp6.Opening is.
type Client6 interface {
	// Run opens a socket at the link-local address, and keeps a lease until ctx ends.
	Run(ctx context.Context, nic int, local netip.Addr, last *lease.Lease, changed func(*lease.Lease)) error
	Decline(netip.Addr)
	Waiting() (what, asked string)
}

// Clients6 makes DHCPv6 clients, which tell servers the host's name, and warn why there is no lease; stateless ones ask for no address.
type Clients6 func(name string, mac net.HardwareAddr, hostname func() string, stateless bool, warn func(string)) Client6
