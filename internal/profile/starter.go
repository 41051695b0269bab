package profile

import (
	"fmt"
	"strings"
)

// Starter is the text of a new profile on top of base: short, valid, and with
// what people change first as comments.
func Starter(name Name, from string, base *Profile) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# %s: %s
#
#   imgbuild check %[1]s.toml     find mistakes
#   imgbuild run   %[1]s.toml     boot it in a virtual machine
#   imgbuild       %[1]s.toml     build it into out/%[1]s/
#
# All keys: docs/profile.md. What this file inherits: imgbuild plan %[1]s.toml
extends = %[3]q
summary = %[4]q

# A way in: the hash that "mkpasswd -m yescrypt" or "openssl passwd -6" prints.
# [user.root]
# password_hash = "$y$…"

# hostname = "%[1]s"

# An address of its own instead of DHCP:
# [ethernet.lan]
# dhcp4     = false
# addresses = ["192.0.2.20/24"]
# gateways  = ["192.0.2.1"]
# dns       = ["192.0.2.1"]

# Programs from Debian packages, with the libraries they need:
# [packages.ethtool]
# files = ["/usr/sbin/ethtool"]

# A program of yours, started at boot and kept running. Put it into a folder
# next to this file, such as %[1]s-files/usr/bin/probe, and add
# image.overlays = ["%[1]s-files"].
# [service.probe]
# command = ["/usr/bin/probe"]
# needs   = ["online:lan"]

# What "imgbuild test" proves:
# [check.address]
# fact    = "link.lan.addresses"
# matches = "192\\.0\\.2\\."
`, name, base.Summary, from, base.Summary)
	return b.String()
}
