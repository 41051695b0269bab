package crosscheck

import (
	"cmp"
	"maps"
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/sshkey"
)

// keys checks that each key of an account lets somebody in: that the SSH server takes it, and finds it.
func (c *crosser) keys() {
	for _, name := range slices.Sorted(maps.Keys(c.p.User)) {
		u, key := c.p.User[name], problem.JoinKey("user", name)
		for i, line := range u.AuthorizedKeys {
			if err := sshkey.Check(line); err != nil {
				c.Bad(problem.JoinIndex(key+".authorized_keys", i), "%v", err)
			}
		}
		if at := hides(c.p, homeOf(name, u)); at != "" && len(u.AuthorizedKeys) > 0 {
			instead := ", or the keys in that file system instead"
			if slices.Contains(own, at) {
				instead = ", for this place is empty at each boot"
			}
			c.Of(key+".home").Bad(key+".authorized_keys", "lie in %s of the image, and what is mounted at %s hides them; accepted: another user.%s.home%s",
				path.Join(homeOf(name, u), ".ssh"), at, name, instead)
		}
	}
}

func homeOf(name string, u spec.User) string {
	if name == "root" {
		return cmp.Or(u.Home, "/root")
	}
	return cmp.Or(u.Home, "/home/"+name)
}

// own are the places where uinit mounts what is empty at each boot.
var own = []string{"/dev", "/proc", "/run", "/sys", "/tmp"}

// hides is where something is mounted over a place in the image; "" where nothing is.
func hides(m *spec.Machine, dir string) string {
	for d := dir; d != "/" && d != "."; d = path.Dir(d) {
		if _, mounted := m.Mount[d]; mounted || slices.Contains(own, d) {
			return d
		}
	}
	return ""
}

// shell says whether an account's shell lets anybody do anything.
func shell(u spec.User) bool {
	return u.SFTPOnly == "" && !slices.Contains([]string{"false", "nologin", "true"}, path.Base(u.Shell))
}

// hashed says whether an account has a password; site.toml may bring the hash. It looks at those accounts that may log in
// there.
func hashed(m *spec.Machine, may func(name string, u spec.User) bool) bool {
	if m.Allows(spec.SitePasswordHash) || m.Access.HostPassword && may("root", m.User["root"]) {
		return true
	}
	for name, u := range m.User {
		if u.PasswordHash.Given() && may(name, u) {
			return true
		}
	}
	return false
}

func onConsoles(_ string, u spec.User) bool { return shell(u) }

// bySSH says whether the SSH server lets an account in that has what it takes: to a shell, or to files alone.
func bySSH(m *spec.Machine) func(name string, u spec.User) bool {
	return func(name string, u spec.User) bool {
		return (shell(u) || u.SFTPOnly != "") && (*m.SSH.Root || !Root(name, u))
	}
}

// Root says whether an account has root's rights.
func Root(name string, u spec.User) bool { return name == "root" || u.UID != nil && *u.UID == 0 }

// EntersByConsole says whether somebody can log in on a terminal: it opens by itself, or asks for a password that an
// account has, or gets by the host or by site.toml.
func EntersByConsole(m *spec.Machine) bool {
	for _, row := range m.Console {
		if row.Login == spec.LoginAutologin || row.Login == spec.LoginPassword && hashed(m, onConsoles) {
			return true
		}
	}
	return false
}

// EntersBySSH says whether somebody can log in over the network: the server listens where others reach it, and an account with a shell,
// or with SFTP, has a key, or a password where those are taken, or gets one by site.toml, or may have a key in a file system.
func EntersBySSH(m *spec.Machine) bool { return m.SSH != nil && heard(m) && hasKeys(m) }

// KeysAlone are the places of file systems on whose keys it depends whether anybody can log in by SSH, which nobody can tell before
// they are mounted; none where it does not, or where nobody can at all.
func KeysAlone(m *spec.Machine) []string {
	if m.SSH == nil || knownKeys(m) {
		return nil
	}
	return mountedHomes(m)
}

func hasKeys(m *spec.Machine) bool { return knownKeys(m) || len(mountedHomes(m)) > 0 }

// mountedHomes are where file systems are mounted that hold homes, and so keys, of accounts that may log in by SSH.
func mountedHomes(m *spec.Machine) (at []string) {
	users := maps.Clone(m.User)
	if users == nil {
		users = map[string]spec.User{}
	}
	users["root"] = m.User["root"] // every image has it
	for _, name := range slices.Sorted(maps.Keys(users)) {
		d := hides(m, homeOf(name, users[name]))
		if d != "" && bySSH(m)(name, users[name]) && !slices.Contains(own, d) && !slices.Contains(at, d) {
			at = append(at, d)
		}
	}
	return at
}

func knownKeys(m *spec.Machine) bool {
	if m.Allows(spec.SiteAuthorizedKeys) || m.SSH.Password && hashed(m, bySSH(m)) {
		return true
	}
	for name, u := range m.User { // keys that are none are told where they stand
		if len(u.AuthorizedKeys) > 0 && bySSH(m)(name, u) {
			return true
		}
	}
	return false
}

// SSHTrouble says why nobody can log in by SSH, and what is accepted; "" where somebody can.
func SSHTrouble(m *spec.Machine) string {
	switch {
	case m.SSH == nil || EntersBySSH(m):
		return ""
	case hasKeys(m):
		return "nobody could log in by SSH: it listens on no address that another machine reaches; accepted: ssh.listen with an address of this machine, or without listen on all"
	case slices.ContainsFunc(slices.Collect(maps.Values(m.User)), func(u spec.User) bool { return len(u.AuthorizedKeys) > 0 && !shell(u) }):
		return "nobody could log in by SSH: whoever has a key has no shell; accepted: user.NAME.authorized_keys of an account with a shell"
	}
	if !*m.SSH.Root && slices.ContainsFunc(slices.Collect(maps.Values(m.User)), func(u spec.User) bool { return len(u.AuthorizedKeys) > 0 || m.SSH.Password && u.PasswordHash.Given() }) {
		return "nobody could log in by SSH: root is kept out, and nobody else has keys; accepted: user.NAME.authorized_keys of another account with a shell, or ssh.root = true"
	}
	return "nobody could log in by SSH: no account has keys; accepted: user.NAME.authorized_keys, or password = true here and user.NAME.password_hash"
}
