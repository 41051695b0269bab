//go:build nodhcp6

package link

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/imgbuild/imgbuild/uinit/dhcp6"
)

var errNoDHCP6 = errors.New("this uinit was built without DHCPv6 (nodhcp6)")

// absent6 stands where DHCPv6 was left out of uinit.
type absent6 struct{}

func newClient6(string, net.HardwareAddr, bool) client6 { return absent6{} }

func (absent6) Run(context.Context, int, netip.Addr, *dhcp6.Lease, func(*dhcp6.Lease)) error {
	return errNoDHCP6
}
func (absent6) Decline(netip.Addr) {}
func (absent6) Waiting() string    { return errNoDHCP6.Error() }
