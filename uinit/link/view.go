package link

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
	"github.com/imgbuild/imgbuild/uinit/dhcp6/lease"
	"github.com/imgbuild/imgbuild/uinit/link/plan"
)

// view is what is known of a link at one moment.
type view struct {
	name string
	row  row
	// nic is its interface, if it has one.
	nic *NIC
	// applied: all changes that it needs have been tried; err is what went wrong.
	applied bool
	err     error
	// lease is in use; fresh is one whose address is being asked for. taken are addresses that others have, with whose they are.
	lease, fresh *dhcp.Lease
	taken        map[netip.Addr]string
	lease6       *lease.Lease
	// repairs are the changes of others that were undone.
	repairs int
	// byHand: it is left to a person, and nothing is waited for.
	byHand bool
	// reached: the far end of a probe has answered.
	reached bool
	mtu     mtu
	// asking and asking6 tell what the DHCP clients wait for, and how they asked.
	asking, asking6 func() (what, asked string)
	wanted          Wanted
	// master and active name other interfaces; ports have joined this one.
	master, active string
	ports          []string
	// addresses and routes are the interface's.
	addresses []Address
	routes    []Route
}

func (v view) configured() bool {
	return v.byHand || v.applied && (!v.row.DHCP4 || v.lease != nil) && (!v.row.asks6() || v.lease6 != nil) && (v.row.Master == "" || v.master == v.row.Master)
}

// duplicate is an error when another machine uses one of the wanted addresses.
func (v view) duplicate() error {
	for _, a := range v.addresses {
		if leased := v.lease6 != nil && v.lease6.Address == a.Prefix.Addr(); a.Duplicate && !leased && v.wants(a.Prefix) {
			return fmt.Errorf("address %v of %s belongs to another machine, which answered duplicate address detection", a.Prefix.Addr(), v.name)
		}
	}
	return nil
}

func (v view) wants(p netip.Prefix) bool {
	return slices.ContainsFunc(v.wanted.Addresses, func(a Address) bool { return a.Prefix == p })
}

// waiting says what keeps the link from being online, and how often a server was asked.
func (v view) waiting() string {
	if v.byHand {
		return ""
	}
	return v.lacking(true)
}

// lacking says what keeps the link from being online and, counted, how often that was asked for.
func (v view) lacking(counted bool) string {
	if what := v.unready(counted); what != "" || v.reached || !v.row.Online.Probe.IsValid() {
		return what
	}
	return fmt.Sprintf("no answer from %v on %s", v.row.Online.Probe, v.name)
}

// unready says what keeps it from that before anybody at the far end is asked.
func (v view) unready(counted bool) string {
	if v.name == "" {
		return ""
	}
	if what := v.unconnected(); what != "" {
		return what
	}
	return v.unaddressed(counted)
}

// unconnected says what is missing of the interface and its cable.
func (v view) unconnected() string {
	switch {
	case v.nic == nil && v.row.device != nil:
		if parent := v.row.device.ParentName; parent != "" {
			return fmt.Sprintf("%s is not made yet, it lies on %s", v.name, parent)
		}
		return v.name + " is not made yet"
	case v.nic == nil:
		return describe(v.row.match)
	case v.row.Master != v.master && v.row.Master != "":
		return fmt.Sprintf("%s is not a port of %s yet", v.name, v.row.Master)
	case !v.nic.Up:
		return v.name + " is down"
	case !v.nic.Carrier && !v.row.portless:
		return "no carrier on " + v.name
	}
	return ""
}

// missing says what keeps the link from being online, in words that stay the same while it does.
func (v view) missing() string {
	if err := v.duplicate(); err != nil {
		return err.Error()
	}
	return v.lacking(false)
}

// facts are what the report tells of a link, the same ones with an interface as without.
func (v view) facts() []fact.Fact {
	nic, missing := NIC{}, v.missing()
	if v.nic != nil {
		nic = *v.nic
	}
	facts := []fact.Fact{
		plan.MAC.Of(v.name).Is(string(nic.Address)),
		plan.Driver.Of(v.name).Is(nic.Driver),
		plan.Carrier.Of(v.name).Is(nic.Carrier),
		plan.Addresses.Of(v.name).Is(v.usable()),
		plan.Duplicates.Of(v.name).Is(v.which(func(a Address) bool { return a.Duplicate })),
		plan.Conflicts.Of(v.name).Is(v.conflicts()),
		plan.Missing.Of(v.name).Is(missing),
		plan.Online.Of(v.name).Is(missing == ""),
		plan.MTU.Of(v.name).Is(nic.MTU),
		plan.Repairs.Of(v.name).Is(v.repairs),
		plan.ByHand.Of(v.name).Is(v.byHand),
	}
	if v.row.Master != "" {
		facts = append(facts, plan.Master.Of(v.name).Is(v.master))
	}
	if v.row.Kind == "bond" || v.row.Kind == "bridge" {
		facts = append(facts, plan.Ports.Of(v.name).Is(v.ports))
	}
	if v.row.Kind == "bond" {
		facts = append(facts, plan.Active.Of(v.name).Is(v.active))
	}
	return append(append(facts, v.facts4()...), v.facts6()...)
}

// facts4 are what is known by DHCPv4 and of the way out.
func (v view) facts4() []fact.Fact {
	gateway, server, seconds, ntp := "", "", 0, []string(nil)
	if via := v.gateway(); via.IsValid() {
		gateway = via.String()
	}
	if v.nic != nil && v.lease != nil {
		server, seconds, ntp = v.lease.Server.String(), int(v.lease.Duration.Seconds()), v.timeServers4()
	}
	return []fact.Fact{
		plan.Gateway.Of(v.name).Is(gateway),
		plan.DHCP4Server.Of(v.name).Is(server),
		plan.DHCP4Lease.Of(v.name).Is(seconds),
		plan.DHCP4NTP.Of(v.name).Is(ntp),
	}
}

// usable are the addresses by which the interface can be reached, sorted.
func (v view) usable() []string {
	texts := v.which(func(a Address) bool { return !a.Tentative && !a.Duplicate })
	slices.Sort(texts)
	return texts
}

// which are some of the interface's addresses.
func (v view) which(wanted func(Address) bool) []string {
	texts := []string{}
	for _, a := range v.addresses {
		if wanted(a) {
			texts = append(texts, a.Prefix.String())
		}
	}
	return texts
}

// timeServers4 are those that the lease of DHCPv4 names.
func (v view) timeServers4() []string {
	servers := []string{}
	if v.lease != nil {
		for _, a := range v.lease.NTP {
			servers = append(servers, a.String())
		}
	}
	return servers
}

// gateway is the default router, IPv4 before IPv6, by lowest metric.
func (v view) gateway() netip.Addr {
	var best Route
	for _, r := range v.routes {
		if r.Dst.Bits() != 0 || !r.Via.IsValid() || r.Table != 0 {
			continue
		}
		better := r.Via.Is4() && best.Via.Is6() || r.Via.Is4() == best.Via.Is4() && r.Metric < best.Metric
		if !best.Via.IsValid() || better {
			best = r
		}
	}
	return best.Via
}
