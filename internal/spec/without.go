package spec

// Parts are build tags of uinit, and whether a machine uses what they leave out.
var Parts = map[string]func(*Description) bool{
	"nodhcp6":     func(m *Description) bool { return m.asksDHCP6() || m.Allows(SiteAddresses, SiteVLANs) },
	"nofirewall":  func(m *Description) bool { return m.Firewall != nil },
	"nonflog":     func(m *Description) bool { return m.Firewall != nil && len(m.Firewall.Log.Groups) > 0 },
	"noshare":     func(m *Description) bool { return len(m.Share.NFS)+len(m.Share.SMB)+len(m.Share.ISCSI) > 0 },
	"nosite":      func(m *Description) bool { return m.Site != nil },
	"nosyslogtls": func(m *Description) bool { return m.Log.Remote.secured() || m.Log.CA != "" && m.Allows(SiteLogServer) },
	"novm":        func(m *Description) bool { return len(m.VM) > 0 },
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
