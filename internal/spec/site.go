package spec

import "slices"

// Site says what the owner of a box may change without a new image: by the file site.toml in the EFI
// system partition of the medium that the box starts from, which any laptop can edit. Nothing is
// read without this table.
type Site struct {
	// What site.toml may say in place of the profile: hostname, addresses (with gateways, dns,
	// dhcp4, dhcp6 and ra, of interfaces that the profile has), vlans (parents and tags, and VLANs that the
	// profile does not have), time_servers, log_server, and authorized_keys and password_hash of
	// accounts that the profile has.
	Allow []SiteKey `json:"allow"`
	// How long the medium is waited for, from when drivers have been looked for. What site.toml may
	// change waits with it.
	Wait Duration `json:"wait,omitempty" default:"10s" accept:"1s to 2m"`
}

// SiteKey is something that site.toml can change: hostname, addresses, vlans, time_servers,
// log_server, authorized_keys or password_hash.
type SiteKey string

// What site.toml can change.
const (
	SiteHostname       SiteKey = "hostname"
	SiteAddresses      SiteKey = "addresses"
	SiteVLANs          SiteKey = "vlans"
	SiteTimeServers    SiteKey = "time_servers"
	SiteLogServer      SiteKey = "log_server"
	SiteAuthorizedKeys SiteKey = "authorized_keys"
	SitePasswordHash   SiteKey = "password_hash"
)

// UnmarshalText accepts the words above.
func (k *SiteKey) UnmarshalText(b []byte) error {
	return Choice(k, b, "something that site.toml can change", SiteHostname, SiteAddresses, SiteVLANs,
		SiteTimeServers, SiteLogServer, SiteAuthorizedKeys, SitePasswordHash)
}

// Allows says whether site.toml may change any of the keys.
func (m *Machine) Allows(any ...SiteKey) bool {
	return m.Site != nil && slices.ContainsFunc(m.Site.Allow, func(k SiteKey) bool { return slices.Contains(any, k) })
}

// Hosts is the text of hosts(5) for a host of that name.
func Hosts(name Hostname) string {
	names := string(name)
	if short := name.Short(); short != names {
		names += " " + short
	}
	return "127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 " + names + "\n"
}
