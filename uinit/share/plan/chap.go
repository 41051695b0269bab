package plan

import (
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// chap checks how initiators and target prove who they are.
func (c checker) chap(key string, cfg spec.ISCSIShare) {
	c.pair(key, "user", cfg.User, "password_file", cfg.PasswordFile)
	c.pair(key, "mutual_user", cfg.MutualUser, "mutual_password_file", cfg.MutualPasswordFile)
	proves := cfg.User != "" || cfg.PasswordFile != (spec.Source{})
	switch {
	case proves && cfg.Insecure:
		c.Of(key+".user", key+".password_file").Bad(key+".insecure", "says that no password is asked for, and user and password_file ask for one; accepted: one or the other")
	case cfg.Insecure && len(cfg.Initiators) == 0:
		c.Bad(key+".insecure", "lets anybody in, whatever his name; accepted: beside initiators")
	case !proves && !cfg.Insecure:
		c.Bad(key, "asks for no password, and an initiator's name is no proof: anybody can say it; accepted: user and password_file (CHAP), or insecure = true where that is meant")
	}
	if (cfg.MutualUser != "" || cfg.MutualPasswordFile != (spec.Source{})) && !proves {
		c.Of(key+".user").Bad(key+".mutual_user", "goes with user and password_file: the initiator proves itself first (RFC 7143, section 12.1.3)")
	}
	for _, name := range graph.Names(c.m.Share.ISCSI) {
		if cfg.MutualPasswordFile != (spec.Source{}) && cfg.MutualPasswordFile == c.m.Share.ISCSI[name].PasswordFile {
			c.Of(problem.JoinKey("share.iscsi", name)+".password_file").Bad(key+".mutual_password_file", "is that of the initiators' password of share.iscsi.%s: what one side says could be sent back to it; accepted: another file, with another password (RFC 7143, section 9.2.1)", name)
		}
	}
}

// pair checks an account for CHAP and its password, which go together.
func (c checker) pair(key, userKey, user, fileKey string, from spec.Source) {
	if (user == "") != (from == spec.Source{}) {
		c.Bad(key, "%s and %s go together; accepted: both or neither", userKey, fileKey)
	}
	// The kernel keeps 256 octets with the closing NUL (MAX_USER_LEN in iscsi_target_core.h), and reads up to a newline.
	// A name that begins with NULL is none to it.
	if len(user) > 255 || strings.HasPrefix(user, "NULL") || strings.ContainsFunc(user, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		c.Bad(key+"."+userKey, "is not an account; accepted: up to 255 characters without blanks, and not NULL")
	}
	if file := from.File; file != "" && (!path.IsAbs(file) || path.Clean(file) != file) {
		// Not shown: it may be the password itself.
		c.Bad(key+"."+fileKey, "is not the absolute path of a file; accepted: such as \"/srv/.state/chap\"")
	}
}

// portals checks that targets can listen beside each other: one on all addresses takes the port from those on some.
func (c checker) portals() {
	rows := c.m.Share.ISCSI
	some := ""
	for _, name := range graph.Names(rows) {
		for i, a := range rows[name].Listen {
			if a.IsUnspecified() {
				c.Bad(problem.JoinIndex(problem.JoinKey("share.iscsi", name)+".listen", i), "%s is no address; accepted: addresses of this machine, or no listen for all", a)
			}
		}
		if len(rows[name].Listen) > 0 && some == "" {
			some = name
		}
	}
	for _, name := range graph.Names(rows) {
		if len(rows[name].Listen) == 0 && some != "" {
			c.Of(problem.JoinKey("share.iscsi", some)+".listen").Bad(problem.JoinKey("share.iscsi", name)+".listen", "is missing: on all addresses the port would not be free for share.iscsi.%s; accepted: listen in all rows, or in none", some)
		}
	}
}
