package publish

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// stale are connections that the kernel is to forget.
type stale struct {
	// address is a container's.
	address netip.Addr
	// own are this machine's addresses, ports those of UDP that lead to the container.
	own   map[netip.Addr]bool
	ports map[uint16]bool
}

// MatchConntrackFlow is true of connections from and to the container, and of those to a port that leads there now: whoever keeps sending
// by UDP would be led where it led before, for as long as he sends.
func (s stale) MatchConntrackFlow(f *netlink.ConntrackFlow) bool {
	from, _ := netip.AddrFromSlice(f.Forward.SrcIP)
	to, _ := netip.AddrFromSlice(f.Forward.DstIP)
	answers, _ := netip.AddrFromSlice(f.Reverse.SrcIP)
	return from.Unmap() == s.address || answers.Unmap() == s.address || f.Forward.Protocol == unix.IPPROTO_UDP && s.ports[f.Forward.DstPort] && s.own[to.Unmap()]
}

// forget has the kernel forget connections of a container at an address, and what was on its way to its published ports.
func forget(address netip.Addr, row spec.Container) error {
	s := stale{address: address, own: map[netip.Addr]bool{}, ports: map[uint16]bool{}}
	for _, p := range published(row) {
		if p.UDP {
			s.ports[p.Port] = true
		}
	}
	if len(s.ports) > 0 {
		all, err := netns.Whole(func() ([]netlink.Addr, error) { return netlink.AddrList(nil, netlink.FAMILY_V4) })
		if err != nil {
			return fmt.Errorf("listing addresses: %w", err)
		}
		for _, a := range all {
			if own, ok := netip.AddrFromSlice(a.IP); ok {
				s.own[own.Unmap()] = true
			}
		}
	}
	// What came while they were read came by the rules that are in force now.
	if _, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, unix.AF_INET, s); err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return fmt.Errorf("forgetting connections of %v: %w", address, err)
	}
	return nil
}
