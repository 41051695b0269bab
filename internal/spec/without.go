package spec

import "slices"

// Without returns the build tags that leave out of uinit what this machine does not use, sorted.
// A uinit built with no tags can do everything; most boxes need little of that, and each of these
// parts costs a hundred kilobytes and more.
func (m *Machine) Without() []string {
	var tags []string
	for _, part := range []struct {
		tag  string
		used bool
	}{
		{"noarray", len(m.Array) > 0},
		{"nodhcp6", m.asksDHCP6() || m.Allows(SiteAddresses, SiteVLANs)},
		{"nodisk", m.usesBlankDisks()},
		{"nofirewall", m.Firewall != nil},
		{"nonflog", m.Firewall != nil && len(m.Firewall.Log.Groups) > 0},
		{"noshare", len(m.Share.NFS)+len(m.Share.SMB)+len(m.Share.ISCSI) > 0},
		{"nosite", m.Site != nil},
		{"nosyslogtls", m.Log.Remote.secured() || m.Log.CA != "" && m.Allows(SiteLogServer)},
		{"novm", len(m.VM) > 0},
		{"nowireguard", len(m.WireGuard) > 0},
	} {
		if !part.used {
			tags = append(tags, part.tag)
		}
	}
	slices.Sort(tags)
	return tags
}

// usesBlankDisks says whether an array or a file system may be made, or a disk take another one's place.
func (m *Machine) usesBlankDisks() bool {
	for _, mount := range m.Mount {
		if mount.Create {
			return true
		}
	}
	return len(m.Array) > 0
}

// asksDHCP6 says whether some interface asks by DHCPv6, or may when a router says so.
func (m *Machine) asksDHCP6() bool {
	for _, l := range m.Links() {
		if l.DHCP6 != nil && *l.DHCP6 || l.DHCP6 == nil && l.RA != nil && *l.RA {
			return true
		}
	}
	return false
}

func (s LogServer) secured() bool {
	scheme, _ := s.Split()
	return scheme == "tls"
}
