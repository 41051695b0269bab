package profile

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
)

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
