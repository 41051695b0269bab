package link

import (
	"net/netip"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// State is what the kernel has.
type State struct {
	NICs      []NIC
	Addresses []Address
	Routes    []Route
	Rules     []Rule
}

// NIC is a network interface that a row may match, or one that has taken a name.
type NIC struct {
	// Index is the kernel's number for it, which outlives renaming.
	Index int
	Name  string
	// MAC is the permanent hardware address where the driver tells, else the present one, or that from before it joined a bond.
	MAC spec.MAC
	// Address is the present one.
	Address spec.MAC
	// Driver is the kernel driver's name; Bus the address on its bus, as in /sys/bus/pci/devices.
	Driver, Bus string
	// Virtual interfaces (bridge, veth, bond) are of no hardware. A row gets one only by naming its driver.
	Virtual bool
	// Up is the administrative state; Carrier says that a cable or its like is connected.
	Up, Carrier bool
	// MTU in bytes, and which values the driver takes; MostMTU is 0 where it has no limit.
	MTU, LeastMTU, MostMTU int
	// Kind is what an interface of software is: bond, vlan, bridge, dummy; hardware has none.
	Kind string
	// Master is the index of the bond or bridge that this is a port of; Parent of what carries a VLAN with
	// the tag ID. 0 is none.
	Master, Parent, ID int
	// Mode of a bond, and the indexes of the port in use and the preferred one.
	Mode            string
	Active, Primary int
	// NoARP: ARP is off.
	NoARP bool
	// Managed and Other: a router says that addresses, or only other things, are to be had by DHCPv6.
	Managed, Other bool
	// Settings of the interface that some row states, such as ipv6/accept_ra.
	Settings map[string]string
	// Tuning of a bond or bridge, such as bonding/miimon, and addressIs.
	Tuning map[string]string
}

// Address is an address of an interface.
type Address struct {
	NIC    int
	Prefix netip.Prefix
	// Until is when the kernel removes it by itself; zero is never. An IPv4 address with a
	// limit is a lease.
	Until time.Time
	// Deprecated is from when on new connections should not use it; zero is at its end.
	Deprecated time.Time
	// Tentative: it must not be used until duplicate address detection is done (RFC 4862).
	// Duplicate: somebody else has it.
	Tentative, Duplicate bool
}

// Route leads to a destination.
type Route struct {
	NIC int
	Dst netip.Prefix
	// Via is the router; invalid where the destination is on the link.
	Via netip.Addr
	// Metric orders routes to the same destination; the lowest is used.
	Metric int
	// Table that it is in; 0 is the main one. Source is the address to use, if stated.
	Table  int
	Source netip.Addr
	// Ours: uinit made it. Routes of the kernel, of router advertisements and of people's commands are left alone.
	Ours bool
	// Advertised: a router did, in an advertisement.
	Advertised bool
}

// Wanted is what an interface should have.
type Wanted struct {
	// NIC is the interface's index; 0 is one that is still to be made.
	NIC  int
	Name string
	// Device is what it is, unless it is hardware.
	Device *Device
	// MasterName is what it is a port of; Master the index of that, 0 as long as it is not there.
	Master     int
	MasterName string
	// PrimaryName is a bond's preferred port.
	PrimaryName string
	// Settings, such as ipv6/accept_ra; ARP, if stated.
	Settings map[string]string
	ARP      *bool
	// MTU in bytes; 0 leaves what the driver says.
	MTU int
	// MAC is the hardware address; empty leaves it as it is.
	MAC spec.MAC
	// Addresses and Routes have no NIC: it is this one.
	Addresses []Address
	Routes    []Route
	// Portless: its addresses are used without asking who has them. Without carrier the kernel would ask, and wait, until a guest comes.
	Portless bool
}

func (s State) nic(index int) (NIC, bool) {
	for _, n := range s.NICs {
		if n.Index == index {
			return n, true
		}
	}
	return NIC{}, false
}

func (s State) named(name string) (NIC, bool) {
	for _, n := range s.NICs {
		if n.Name == name {
			return n, true
		}
	}
	return NIC{}, false
}
