package spec

import "net/netip"

// Route leads to a network that no interface is in.
type Route struct {
	// Where it leads to; 0.0.0.0/0 or ::/0 is everywhere else.
	Destination netip.Prefix `json:"destination" network:"true"`
	// The interface, one of the profile's.
	Link string `json:"link"`
	// The router; without one the destination is on the interface's own network.
	Via netip.Addr `json:"via,omitzero"`
	// Of two routes to one destination that with the lower metric is used.
	Metric int `json:"metric,omitempty" default:"50" accept:"1 to 2147483647"`
	// The table that it is in (ip-rule(8)); by default the main one, 254.
	Table int `json:"table,omitempty" accept:"1 to 2147483647"`
	// The address that connections from here use, where they don't choose one.
	Source netip.Addr `json:"source,omitzero"`
}

// Rule chooses the table of routes that packets use (ip-rule(8)).
type Rule struct {
	// Where packets come from; by default anywhere.
	From netip.Prefix `json:"from,omitzero" network:"true"`
	// Where they go to; by default anywhere.
	To netip.Prefix `json:"to,omitzero" network:"true"`
	// The mark that the packet filter gave them; by default any.
	FirewallMark int `json:"fwmark,omitempty" accept:"1 to 2147483647"`
	// The table that they use.
	Table int `json:"table" accept:"1 to 2147483647"`
	// Rules are asked from the lowest number up; that of the main table has 32766.
	Priority int `json:"priority" accept:"1 to 32765"`
}
