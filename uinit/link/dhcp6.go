//go:build !nodhcp6

package link

import (
	"context"
	"net"
	"net/netip"

	"github.com/imgbuild/imgbuild/uinit/dhcp6"
)

// openClient6 is a dhcp6.Client that opens its own socket.
type openClient6 struct{ *dhcp6.Client }

func newClient6(name string, mac net.HardwareAddr, stateless bool) client6 {
	return openClient6{dhcp6.New(name, mac, hostName, stateless)}
}

func (c openClient6) Run(ctx context.Context, nic int, local netip.Addr, last *dhcp6.Lease, changed func(*dhcp6.Lease)) error {
	socket, err := dhcp6.Open(nic, c.Link, local)
	if err != nil {
		return err
	}
	defer socket.Close()
	return c.Client.Run(ctx, socket, last, changed)
}
