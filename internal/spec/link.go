package spec

import "net/netip"

// Ethernet is a network interface of hardware. Rows are served in the order of
// their names; an interface that one row took is not offered to the next.
type Ethernet struct {
	// Which interface this is. An empty match takes any Ethernet interface, in
	// the order of the bus.
	Match Match `json:"match,omitzero"`
	// Ask for an IPv4 address by DHCP (RFC 2131).
	DHCP4 bool `json:"dhcp4,omitempty"`
	// Static addresses with their prefix length.
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	// Default routers, used with static addresses.
	Gateways []netip.Addr `json:"gateways,omitempty"`
	// Name servers.
	DNS []netip.Addr `json:"dns,omitempty"`
	// Largest packet in bytes; by default what the driver says.
	MTU int `json:"mtu,omitempty" accept:"68 to 65535"`
	// A boot without this interface is not a failure.
	Optional bool `json:"optional,omitempty"`
}

// Match selects an interface; every key given must hold.
type Match struct {
	// MAC address, as 52:54:00:12:34:56.
	MAC MAC `json:"mac,omitempty"`
	// Names of kernel drivers, any of which will do.
	Driver []string `json:"driver,omitempty"`
	// Bus address, as in /sys/bus/pci/devices: 0000:03:00.0.
	Path string `json:"path,omitempty"`
	// Which of the interfaces that match otherwise, counted from 0 in bus order.
	Index *int `json:"index,omitempty"`
}
