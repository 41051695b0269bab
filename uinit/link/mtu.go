package link

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

const (
	// leastIPv4 is what every host can take (RFC 791): who says less by DHCP is mistaken, or means harm.
	leastIPv4 = 576
	// usual is Ethernet's. A server may say that its network takes less; more is for the profile to decide.
	usual = 1500
)

// mtu is the largest packet of a row's link in bytes, 0 for what the driver says, and what is to be told of a value that was not
// taken as it was. One that is too small for IPv6 would make the kernel take that off the link, and off the VLANs on it.
func (r row) mtu(lease *dhcp.Lease) (bytes int, told string) {
	by := "as the kernel line says"
	bytes = r.MTU
	if bytes == 0 && lease != nil && lease.MTU < usual {
		bytes, by = lease.MTU, fmt.Sprintf("as DHCP server %v says", lease.Server)
	}
	switch {
	case bytes == 0:
	case bytes < leastIPv4 && r.MTU == 0:
		return 0, fmt.Sprintf("an MTU of %d, %s, is ignored: every network takes packets of %d bytes", bytes, by, leastIPv4)
	case bytes < spec.LeastIPv6 && r.ipv6:
		return spec.LeastIPv6, fmt.Sprintf("an MTU of %d, %s, would end IPv6 here: it is %d, the least for that (RFC 8200)", bytes, by, spec.LeastIPv6)
	}
	return bytes, ""
}

// tellMTU warns of a value that was not taken as it was, once of each.
func (a *active) tellMTU(v view, to Listener) {
	_, told := v.row.mtu(v.lease)
	if told != a.toldMTU && told != "" {
		to.Warn(v.name + ": " + told)
	}
	a.toldMTU = told
}
