package spec

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
		{"nofirewall", m.Firewall != nil},
		{"nonflog", m.Firewall != nil && len(m.Firewall.Log.Groups) > 0},
		{"noshare", len(m.Share.NFS)+len(m.Share.SMB)+len(m.Share.ISCSI) > 0},
		{"nosite", m.Site != nil},
		{"nosyslogtls", m.Log.Remote.secured() || m.Log.CA != "" && m.Allows(SiteLogServer)},
	} {
		if !part.used {
			tags = append(tags, part.tag)
		}
	}
	return tags
}

func (s LogServer) secured() bool {
	scheme, _ := s.Split()
	return scheme == "tls"
}
