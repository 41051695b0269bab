package spec

import "path"

// State is one place for what must outlast a boot.
type State struct {
	// Directory on a mounted file system. Below it, time, entropy, ssh, share, log and wireguard keep what the next boot is to find,
	// each in the folder of its name, unless its own table says where; the log only where it is sent to a server.
	// Nothing is written without it.
	Path string `json:"path,omitempty"`
}

// FillState gives those who keep something from one boot to the next their folders below state.path, where they have
// none of their own. Without a path nothing changes.
func (m *Machine) FillState() {
	fill := func(dir *string, name string) {
		if *dir == "" && m.State.Path != "" {
			*dir = path.Join(m.State.Path, name)
		}
	}
	fill(&m.Time.State, "time")
	fill(&m.Entropy.State, "entropy")
	if m.SSH != nil {
		fill(&m.SSH.State, "ssh")
	}
	if len(m.Share.NFS)+len(m.Share.SMB)+len(m.Share.ISCSI) > 0 {
		fill(&m.Share.State, "share")
	}
	for name, w := range m.WireGuard {
		if w.PrivateKeyFile.Generate {
			fill(&w.PrivateKeyFile.File, path.Join("wireguard", name+".key"))
			m.WireGuard[name] = w
		}
	}
	if m.Log.Remote != "" || m.Allows(SiteLogServer) {
		fill(&m.Log.Spool, "log")
	}
}
