package profile

import (
	"path"
	"strings"
	"unicode"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
)

// usualShell is that of accounts that name none.
var usualShell = func() string {
	var u spec.User
	defaults.Fill(&u)
	return u.Shell
}()

// sftpOnly is for an account that gets files alone. Whether its directory can be what it is to be, the builder says (build/plan).
func (c *crosser) sftpOnly(key, name string, u spec.User) {
	at := key + ".sftp_only"
	switch {
	case c.p.SSH == nil:
		c.Of("ssh").Bad(at, "serves nobody: there is no [ssh]; accepted: with an [ssh]")
	case crosscheck.Root(name, u):
		c.Of(key+".uid").Bad(at, "root would leave any directory; accepted: another account")
	case u.Shell != usualShell:
		c.Of(key+".shell").Bad(at, "the account gets no shell, and shell names one; accepted: one of both")
	}
	if !path.IsAbs(u.SFTPOnly) || path.Clean(u.SFTPOnly) != u.SFTPOnly || u.SFTPOnly == "/" || strings.ContainsFunc(u.SFTPOnly, unicode.IsControl) {
		c.Bad(at, "%q is no directory below which anything could be kept apart; accepted: an absolute path without ., .. and / at its end, such as /srv/upload", u.SFTPOnly)
	}
}

// ssh holds the SSH server to its table. That a machine with it can be entered is access' concern.
func (c *crosser) ssh() {
	s := c.p.SSH
	if s == nil {
		return
	}
	state.Check(c.Judge, &c.p.Machine, "ssh.state", s.State)
	if root := c.p.User["root"]; !*s.Root && len(root.AuthorizedKeys) > 0 {
		c.Of("ssh.root").Warn("user.root.authorized_keys", "let nobody in: ssh.root = false keeps root out; accepted: the keys of another account, or ssh.root = true")
	}
	if trouble := crosscheck.SSHTrouble(&c.p.Machine); trouble != "" {
		c.Of("user", "access", "site", "mount").Rows(spec.LinkTables...).Bad("ssh", "%s", trouble)
	}
	if at := crosscheck.KeysAlone(&c.p.Machine); len(at) > 0 {
		c.Of("user", "site", "mount").Warn("ssh", "only who has a key in the file system at %s can log in by SSH: nothing in the image lets anybody in without it; accepted: user.NAME.authorized_keys of an account whose home lies in the image", strings.Join(at, " or "))
	}
}
