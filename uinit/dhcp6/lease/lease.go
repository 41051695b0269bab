// Package lease is what DHCPv6 gives, without the client that asks for it: an init that asks nobody knows it all the same.
package lease

import (
	"net/netip"
	"time"
)

// Lease is an address with what the server said about its network, or that alone.
type Lease struct {
	// Address; invalid where none was asked for.
	Address netip.Addr
	// Server that lent it, by its DHCP unique identifier (RFC 8415, section 11).
	Server string
	DNS    []netip.Addr
	// Domains to search names in.
	Domains []string
	// NTP are time servers, by address or name (RFC 5908, and RFC 4075 where the server has no other).
	NTP []string
	// Start is when the request was sent that the server agreed to: all times count from there.
	Start time.Time
	// Preferred is for how long new connections may use the address, Valid for how long it is there at all.
	Preferred, Valid time.Duration
	// Renew and Rebind are when to ask the same server (T1), and then any (T2). Without an address Renew is when to ask again.
	Renew, Rebind time.Duration
}

// Expires is when the address must no longer be used.
func (l Lease) Expires() time.Time { return l.Start.Add(l.Valid) }
