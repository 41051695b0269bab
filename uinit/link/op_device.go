package link

import (
	"fmt"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// The changes that concern interfaces of software and their ports.
type (
	// AddDevice makes an interface, with a hardware address unless MAC is empty.
	AddDevice struct {
		Name   string
		MAC    spec.MAC
		Device Device
	}
	// RemoveDevice removes one.
	RemoveDevice struct {
		NIC  int
		Name string
	}
	// SetMaster makes an interface a port of a bond or bridge.
	SetMaster struct {
		NIC        int
		Name       string
		Master     int
		MasterName string
	}
	// SetPrimary chooses the port that a bond prefers.
	SetPrimary struct {
		NIC         int
		Name        string
		Primary     int
		PrimaryName string
	}
	// SetARP turns ARP on or off.
	SetARP struct {
		NIC  int
		Name string
		On   bool
	}
	// Set writes a setting of the interface, such as ipv6/accept_ra.
	Set struct {
		NIC              int
		Name, Key, Value string
	}
)

func (o AddDevice) nic() int    { return 0 }
func (o RemoveDevice) nic() int { return o.NIC }
func (o SetMaster) nic() int    { return o.NIC }
func (o SetPrimary) nic() int   { return o.NIC }
func (o SetARP) nic() int       { return o.NIC }
func (o Set) nic() int          { return o.NIC }

func (o AddDevice) String() string {
	d, name := o.Device, o.Name
	if o.MAC != "" {
		name += " address " + string(o.MAC)
	}
	switch d.Kind {
	case "vlan":
		return fmt.Sprintf("ip link add link %s name %s type vlan id %d", d.ParentName, name, d.ID)
	case "bond":
		s := fmt.Sprintf("ip link add %s type bond mode %s miimon %d", name, d.Bond.Mode, time.Duration(d.Bond.MIIMon).Milliseconds())
		if d.Bond.Mode == "802.3ad" {
			s += fmt.Sprintf(" lacp_rate %s min_links %d", d.Bond.LACPRate, d.Bond.MinLinks)
		}
		if d.hashes() {
			s += " xmit_hash_policy " + string(d.Bond.HashPolicy)
		}
		return s
	case "bridge":
		s := fmt.Sprintf("ip link add %s type bridge stp_state %d forward_delay %d", name, number(d.Bridge.STP), d.forwardDelay()/(10*time.Millisecond))
		if d.Bridge.VLANFiltering {
			s += " vlan_filtering 1"
		}
		return s
	}
	return fmt.Sprintf("ip link add %s type %s", name, d.Kind)
}

func (d Device) hashes() bool { return d.Bond.Mode == "802.3ad" || d.Bond.Mode == "balance-xor" }

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (o RemoveDevice) String() string { return "ip link del " + o.Name }
func (o SetMaster) String() string {
	return fmt.Sprintf("ip link set %s master %s", o.Name, o.MasterName)
}
func (o SetPrimary) String() string {
	return fmt.Sprintf("ip link set %s type bond primary %s", o.Name, o.PrimaryName)
}

func (o SetARP) String() string {
	if o.On {
		return fmt.Sprintf("ip link set %s arp on", o.Name)
	}
	return fmt.Sprintf("ip link set %s arp off", o.Name)
}

func (o Set) String() string {
	family, key, _ := strings.Cut(o.Key, "/")
	return fmt.Sprintf("sysctl -w net/%s/conf/%s/%s=%s", family, o.Name, key, o.Value)
}
