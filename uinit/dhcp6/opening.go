package dhcp6

import (
	"context"
	"net"
	"net/netip"
)

// Opening is a client that opens its own socket.
type Opening struct{ *Client }

// NewOpening makes a client for a link as New does; warn is its Warn.
func NewOpening(link string, mac net.HardwareAddr, hostname func() string, stateless bool, warn func(string)) Opening {
	c := New(link, mac, hostname, stateless)
	c.Warn = warn
	return Opening{c}
}

// Run opens a socket at the link-local address of the interface with an index, and keeps a lease as Client.Run does.
func (o Opening) Run(ctx context.Context, nic int, local netip.Addr, last *Lease, changed func(*Lease)) error {
	socket, err := Open(nic, o.Link, local)
	if err != nil {
		return err
	}
	defer socket.Close()
	return o.Client.Run(ctx, socket, last, changed)
}
