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
}

// NIC is a network interface that a row may match, or one that has taken a name.
type NIC struct {
	// Index is the kernel's number for it, which outlives renaming.
	Index int
	Name  string
	// MAC is the permanent hardware address where the driver tells, else the present one.
	MAC spec.MAC
	// Driver is the kernel driver's name; Bus the address on its bus, as in /sys/bus/pci/devices.
	Driver, Bus string
	// Virtual interfaces (bridge, veth, bond) are of no hardware. A row gets one only by naming its driver.
	Virtual bool
	// Up is the administrative state; Carrier says that a cable or its like is connected.
	Up, Carrier bool
	// MTU in bytes.
	MTU int
}

// Address is an address of an interface.
type Address struct {
	NIC    int
	Prefix netip.Prefix
	// Until is when the kernel removes it by itself; zero is never. An IPv4 address with a
	// limit is a lease.
	Until time.Time
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
	// Ours: uinit made it. Routes of the kernel, of router advertisements and of people's commands are left alone.
	Ours bool
}

// Wanted is what an interface should have.
type Wanted struct {
	NIC  int
	Name string
	// MTU in bytes; 0 leaves what the driver says.
	MTU int
	// Addresses and Routes have no NIC: it is this one.
	Addresses []Address
	Routes    []Route
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
