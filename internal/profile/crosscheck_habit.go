package profile

import (
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// families of terminals end in their numbers (drivers/tty of Linux 6.1). There are others: only what looks like one of these is told.
var families = []string{"tty", "ttyS", "ttyAMA", "ttyUSB", "ttyACM", "ttyGS", "hvc"}

// terms are what Debian's ncurses-base and ncurses-term have for terminals that people sit at.
var terms = []string{
	"ansi", "dumb", "linux", "rxvt", "rxvt-unicode", "rxvt-unicode-256color", "screen", "screen-256color", "tmux", "tmux-256color",
	"vt52", "vt100", "vt102", "vt220", "vt320", "vt420", "xterm", "xterm-256color", "xterm-color", "xterm-mono",
}

// terminal finds names of terminals that lack their number or are misspelt, and terminals' kinds that are.
func (c *crosser) terminal(key, name string) {
	family := strings.TrimRight(name, "0123456789*")
	switch meant := suggest.Closest(family, families); {
	case family == name && name != "console":
		c.Sure().Bad(key, "is no terminal: their names end in a number%s; accepted: such as ttyS0, tty1, hvc0, or \"ttyS*\" for every serial port", suggest.DidYouMean(name, []string{"ttyS0", "tty1", "hvc0"}))
	case !slices.Contains(families, family) && strings.EqualFold(family, meant):
		c.Sure().Warn(key, "is no terminal that Linux has; did you mean %s%s?", meant, name[len(family):])
	}
	if term := c.p.Console[name].Term; term != "" && !slices.Contains(terms, term) {
		if meant := suggest.DidYouMean(term, terms); meant != "" {
			c.Warn(key+".term", "%q is no terminal that programs know%s", term, meant)
		}
	}
}

// unasked finds what lets an account in by a server that there is none of.
func (c *crosser) unasked() {
	var smb []string
	for _, s := range c.p.Share.SMB {
		smb = append(smb, s.Users...)
	}
	for _, name := range slices.Sorted(maps.Keys(c.p.User)) {
		key := joinKey("user", name)
		if len(c.p.User[name].AuthorizedKeys) > 0 && !c.servesSSH() {
			c.Of("ssh").Rows("service").Warn(key+".authorized_keys", "let nobody in: there is no SSH server; accepted: a table [ssh], or leave the key out")
		}
		if c.p.User[name].NTHash.Given() && !slices.Contains(smb, name) {
			c.Rows("share.smb").Warn(key+".nt_hash", "is for shares by SMB, and none has %s among its users; accepted: share.smb.NAME.users, or leave the key out", name)
		}
	}
}

// servesSSH says whether there is an SSH server: ours, or another one by its name.
func (c *crosser) servesSSH() bool {
	return c.p.SSH != nil || slices.ContainsFunc(slices.Collect(maps.Values(c.p.Service)), func(s spec.Service) bool {
		return len(s.Command) > 0 && (path.Base(s.Command[0]) == "sshd" || path.Base(s.Command[0]) == "dropbear")
	})
}

// mostServers is how many name servers programs ask (MAXNS, resolv.conf(5)).
const mostServers = 3

// resolvers finds name servers that no program would ask.
func (c *crosser) resolvers() {
	var all []netip.Addr
	links := c.p.Links()
	for _, name := range slices.Sorted(maps.Keys(links)) {
		for i, server := range links[name].DNS {
			if slices.Contains(all, server) {
				continue
			}
			if all = append(all, server); len(all) > mostServers {
				c.Rows(spec.LinkTables...).Warn(joinIndex(joinKey(links[name].Kind, name)+".dns", i), "is name server number %d, and programs ask the first %d (resolv.conf(5)); accepted: up to %[2]d on all interfaces together", len(all), mostServers)
			}
		}
	}
}
