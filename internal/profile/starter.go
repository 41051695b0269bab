package profile

import (
	"fmt"
	"regexp"
	"strings"
)

// Starter is the text of a new profile on top of base, which from names: valid, and changing nothing but the name. What base itself says
// stands in it with its comments, each choice behind a "#" to be taken away.
func Starter(name Name, from string, base *Profile) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# %s: %s
#
#   imgbuild check %[1]s.toml     find mistakes
#   imgbuild run   %[1]s.toml     boot it in a virtual machine
#   imgbuild       %[1]s.toml     build it into out/%[1]s/
#
# This box is what %[3]q is, and what is written here. All keys: docs/profile.md. What it is
# as a whole: imgbuild plan %[1]s.toml
extends = %[3]q
summary = %[4]q

# hostname = "%[1]s"

# A way in: "imgbuild hash" asks for a password and prints this.
# [user.root]
# password_hash = "$y$…"
# authorized_keys = ["ssh-ed25519 AAAA… you@desk"]   # with a table [ssh]

# Programs from Debian packages, with the libraries they need:
# [packages.ethtool]
# files = ["/usr/sbin/ethtool"]

# Files of yours: a folder next to this file, such as %[1]s-files/etc/motd. "inherited" keeps those that there are.
# [image]
# overlays = ["inherited", "%[1]s-files"]
# replace  = ["inherited", "/etc/motd"]

# A program of yours, started at boot and kept running, from that folder:
# [service.probe]
# command = ["/usr/bin/probe"]

# ---- What %[3]q says. Take the "#" of a line and of its [table] away to say something else. ----
# A table that is not wanted is taken away as a whole, above all others: ethernet.lan = false
`, name, base.Summary, from, base.Summary)
	b.WriteString(choices(base))
	return b.String()
}

var (
	// own are keys that a profile has of its own.
	own = regexp.MustCompile(`^(name|summary|extends)\s*=`)
	// said is a line of a comment, or an empty one.
	said = regexp.MustCompile(`^\s*(#|$)`)
	// onward is a list that goes on with an inherited one. Who starts from it inherits all of that.
	onward = regexp.MustCompile(`\["inherited", (.*)\]$`)
)

// choices is the text of a profile with every choice made a comment, without a space behind the "#". What it has of its own is left out, and so are
// secrets: who starts from a box does not want its keys.
func choices(base *Profile) string {
	file := base.File()
	hidden := map[int]int{} // by line, the column
	for _, key := range base.Secrets() {
		if at := base.At(key); at.File == file.Name {
			hidden[at.Line] = at.Col
		}
	}
	var lines []string
	table := false
	for i, line := range strings.Split(strings.TrimRight(string(file.Text), "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		table = table || strings.HasPrefix(line, "[")
		switch col := hidden[i+1]; {
		case !table && own.MatchString(line):
			continue
		case said.MatchString(line):
		case col > 0:
			line = "#" + string([]rune(line)[:col-1]) + `"…"`
		default:
			line = "#" + onward.ReplaceAllString(line, `["inherited"] # with $1`)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + "\n"
}
