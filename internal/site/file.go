package site

import (
	"net/netip"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// file is site.toml: the part of a profile's keys that it can have. What is nil was not given.
type file struct {
	Hostname *spec.Hostname  `json:"hostname,omitempty"`
	Ethernet map[string]link `json:"ethernet,omitempty"`
	Bond     map[string]link `json:"bond,omitempty"`
	VLAN     map[string]vlan `json:"vlan,omitempty"`
	Bridge   map[string]link `json:"bridge,omitempty"`
	Dummy    map[string]link `json:"dummy,omitempty"`
	User     map[string]user `json:"user,omitempty"`
	Time     clock           `json:"time,omitzero"`
	Log      log             `json:"log,omitzero"`
}

type link struct {
	DHCP4     *bool          `json:"dhcp4,omitempty"`
	DHCP6     *bool          `json:"dhcp6,omitempty"`
	RA        *bool          `json:"ra,omitempty"`
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	Gateways  []netip.Addr   `json:"gateways,omitempty"`
	DNS       []netip.Addr   `json:"dns,omitempty"`
}

type vlan struct {
	Parent *string `json:"parent,omitempty"`
	ID     *int    `json:"id,omitempty" accept:"1 to 4094"`
	link
}

type user struct {
	PasswordHash   *spec.PasswordHash `json:"password_hash,omitempty"`
	AuthorizedKeys []string           `json:"authorized_keys,omitempty" secret:"by mistake"`
}

type clock struct {
	Servers []spec.TimeServer `json:"servers,omitempty"`
}

type log struct {
	Remote *spec.LogServer `json:"remote,omitempty"`
}

// over lays what was given over a row of the profile.
func (l link) over(a spec.Addressing) spec.Addressing {
	if l.DHCP4 != nil {
		a.DHCP4 = *l.DHCP4
	}
	if l.DHCP6 != nil {
		a.DHCP6 = l.DHCP6
	}
	if l.RA != nil {
		a.RA = l.RA
	}
	if l.Addresses != nil {
		a.Addresses = l.Addresses
	}
	if l.Gateways != nil {
		a.Gateways = l.Gateways
	}
	if l.DNS != nil {
		a.DNS = l.DNS
	}
	return a
}
