package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// longestShare is how long a share's name may be (MS-SRVS, section 2.2.4.24, NNLEN in lmshare.h).
const longestShare = 80

type checker struct {
	problem.Judge
	m *spec.Machine
}

// check looks at what is shared, each row for itself, and at targets beside each other.
func check(j problem.Judge, m *spec.Machine) {
	c, s := checker{j, m}, m.Share
	state.Check(j, m, "share.state", s.State)
	for _, name := range graph.Names(s.NFS) {
		cfg, key := s.NFS[name], problem.JoinKey("share.nfs", name)
		c.shared(key, cfg.Path, cfg.Owner, cfg.Create, cfg.ReadOnly)
		if len(cfg.Clients) == 0 {
			c.Bad(key+".clients", `is empty: nobody could mount it; accepted: networks such as ["192.0.2.0/24"]`)
		}
		c.exported(name, cfg)
	}
	folded := map[string]string{}
	for _, name := range graph.Names(s.SMB) {
		c.smb(name)
		if other, taken := folded[strings.ToLower(name)]; taken {
			c.Sure().Of(problem.JoinKey("share.smb", other)).Bad(problem.JoinKey("share.smb", name), "is share.smb.%s already: SMB knows no capitals; accepted: another name", other)
		}
		folded[strings.ToLower(name)] = name
	}
	c.portals()
	targets := map[spec.IQN]string{}
	for _, name := range graph.Names(s.ISCSI) {
		cfg, key := s.ISCSI[name], problem.JoinKey("share.iscsi", name)
		c.iscsi(key, cfg)
		if other, taken := targets[cfg.Target]; taken {
			c.Of(problem.JoinKey("share.iscsi", other)+".target").Bad(key+".target", "is the target of share.iscsi.%s already", other)
		}
		targets[cfg.Target] = name
	}
}

// exported finds networks that are everybody, who says of himself which account he is (AUTH_SYS), and those that have the folder by another
// row: exports(5) knows one entry for each, and the later one would count.
func (c checker) exported(name string, cfg spec.NFSShare) {
	for i, n := range cfg.Clients {
		at := problem.JoinIndex(problem.JoinKey("share.nfs", name)+".clients", i)
		if n.Bits() == 0 {
			c.Warn(at, "%s is everybody who reaches this machine, and clients say themselves whose files they may read; accepted: networks that you trust", n)
		}
		for _, other := range graph.Names(c.m.Share.NFS) {
			if row := c.m.Share.NFS[other]; other < name && row.Path == cfg.Path && slices.Contains(row.Clients, n) {
				c.Of(problem.JoinKey("share.nfs", other)).Bad(at, "%s has %s by share.nfs.%s already; accepted: each network in one row of a folder", n, cfg.Path, other)
			}
		}
	}
}

// shared holds a folder to what can be shared: nothing that is gone after the boot without a word.
func (c checker) shared(key, dir, owner string, create, readOnly bool) {
	if !create {
		c.Of(key+".create").Vain(key, []string{"owner"}, "is whose folder is made, and none is; accepted: with create = true")
	}
	if at := state.ReadOnly(c.m, dir); at != "" && create {
		c.Of(problem.JoinKey("mount", at)).Bad(key+".create", "would make %s in %s, which is mounted read-only; accepted: a file system that can be written to", dir, at)
	} else if at != "" && !readOnly {
		c.Of(problem.JoinKey("mount", at)).Warn(key, "lets clients write, and %s is mounted read-only; accepted: read_only = true", at)
	}
	if _, known := c.m.User[owner]; !known && owner != "root" {
		c.Ref(owner, "user").Bad(key+".owner", "there is no [%s]%s", problem.JoinKey("user", owner), suggest.DidYouMean(owner, graph.Names(c.m.User)))
	}
	key += ".path"
	switch {
	case !path.IsAbs(dir) || path.Clean(dir) != dir || dir == "/" || strings.ContainsAny(dir, "\"\\\n%"):
		c.Bad(key, `%q cannot be shared; accepted: an absolute path without . or .., such as "/srv/films", and not "/"`, dir)
	case !state.Mounted(c.m, dir):
		c.Rows("mount").Warn(key, "%s lies in memory: what clients write there is gone after the boot", dir)
	}
}

func (c checker) smb(name string) {
	cfg, key := c.m.Share.SMB[name], problem.JoinKey("share.smb", name)
	if name == "" || len(name) > longestShare || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. ") != "" ||
		slices.Contains([]string{"global", "homes", "printers", "ipc$", "print$"}, strings.ToLower(name)) {
		c.Sure().Bad(key, "is not a share's name; accepted: up to %d letters, digits, blanks, _ - and ., and not global, homes or printers", longestShare)
	}
	c.shared(key, cfg.Path, cfg.Owner, cfg.Create, cfg.ReadOnly)
	if len(cfg.Users) == 0 {
		c.Bad(key+".users", "is empty: nobody could use it; accepted: accounts with an nt_hash")
	}
	for i, user := range cfg.Users {
		u, known := c.m.User[user]
		switch at := problem.JoinIndex(key+".users", i); {
		case !known:
			c.Ref(user, "user").Bad(at, "there is no [%s]%s", problem.JoinKey("user", user), suggest.DidYouMean(user, graph.Names(c.m.User)))
		case user == "root":
			c.Bad(at, "root is refused by SMB; accepted: another account")
		case !u.NTHash.Given():
			c.Of(problem.JoinKey("user", user)).Bad(at, "%s could not log in by SMB; accepted: user.%s.nt_hash", user, user)
		}
	}
}

func (c checker) iscsi(key string, cfg spec.ISCSIShare) {
	device := strings.HasPrefix(cfg.Source, "/dev/")
	switch {
	case !path.IsAbs(cfg.Source) || path.Clean(cfg.Source) != cfg.Source || strings.ContainsAny(cfg.Source, ",\n"):
		c.Bad(key+".source", `%q is not a disk's content; accepted: a file's or block device's absolute path, such as "/srv/backup.disk"`, cfg.Source)
	case device && cfg.Size != 0:
		c.Of(key+".source").Bad(key+".size", "is that of the device; accepted: leave it out")
	case !device && !state.Mounted(c.m, path.Dir(cfg.Source)):
		c.Rows("mount").Warn(key+".source", "%s lies in memory: what clients write there is gone after the boot", cfg.Source)
	}
	if cfg.Size%512 != 0 {
		c.Bad(key+".size", "is no multiple of 512, the size of a sector")
	}
	c.chap(key, cfg)
}
