package spec

// Parts are build tags of uinit, and whether a machine uses what they leave out.
var Parts = map[string]func(*Description) bool{
	"noarray":     func(m *Description) bool { return len(m.Array) > 0 },
	"nodisk":      func(m *Description) bool { return m.usesBlankDisks() },
	"nofirewall":  func(m *Description) bool { return m.Firewall != nil },
	"nogrow":      func(m *Description) bool { return m.Grow != nil },
	"nonflog":     func(m *Description) bool { return m.Firewall != nil && len(m.Firewall.Log.Groups) > 0 },
	"noshare":     func(m *Description) bool { return len(m.Share.NFS)+len(m.Share.SMB)+len(m.Share.ISCSI) > 0 },
	"nosyslogtls": func(m *Description) bool { return m.Log.Remote.secured() || m.Log.CA != "" && m.Allows(SiteLogServer) },
	"novm":        func(m *Description) bool { return len(m.VM) > 0 },
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

func (s LogServer) secured() bool {
	scheme, _ := s.Split()
	return scheme == "tls"
}
