package spec

// Parts are build tags of uinit, and whether a machine uses what they leave out.
var Parts = map[string]func(*Description) bool{
	"noarray": func(m *Description) bool { return len(m.Array) > 0 },
	"nodhcp6": func(m *Description) bool { return m.asksDHCP6() || m.Allows(SiteAddresses, SiteVLANs) },
	"nodisk":  func(m *Description) bool { return m.usesBlankDisks() },
	"nogrow":  func(m *Description) bool { return m.Grow != nil },
	"noshare": func(m *Description) bool { return len(m.Share.NFS)+len(m.Share.SMB)+len(m.Share.ISCSI) > 0 },
	"nosite":  func(m *Description) bool { return m.Site != nil },
	"novm":    func(m *Description) bool { return len(m.VM) > 0 },
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
