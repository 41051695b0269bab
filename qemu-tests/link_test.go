package qemu_tests

import "testing"

// The stack a sysadmin draws on paper, on a real kernel: two interfaces, a bond, a VLAN, a bridge, and beside
// them a network with nothing but router advertisements.
func TestLinkStack(t *testing.T) {
	t.Parallel()
	extended(t, cloud+`
[ethernet.lan]
match = { index = 0 }
[ethernet.a]
match = { index = 1 }
[ethernet.b]
match = { index = 2 }
[ethernet.six]
match = { index = 3 }
dhcp4 = false
ra = true

[bond.bond0]
ports   = ["a", "b"]
primary = "b"

[vlan."bond0.20"]
parent = "bond0"
id     = 20

[bridge.br20]
ports     = ["bond0.20"]
addresses = ["192.0.2.20/24", "2001:db8:20::20/64"]

[bridge.quiet]
no_address = true
arp = false

[dummy.own]
addresses = ["198.51.100.1/32"]

[run]
nics = 4

[check.units]
unit = "online:br20"
[check.six]
unit = "online:six"
[check.active]
fact   = "link.bond0.active"
equals = "b"
[check.ports]
command = ["/bin/sh", "-c", "cat /sys/class/net/bond0/bonding/mode /sys/class/net/bond0/bonding/slaves /sys/class/net/br20/bridge/forward_delay; readlink /sys/class/net/bond0.20/master"]
output  = "(?s)^active-backup 1\n(a b|b a)\n0\n[./]*br20\n$"
[check.vlan]
command = ["cat", "/proc/net/vlan/bond0.20"]
output  = "VID: 20[\\s\\S]*Device: bond0"
[check.quiet]
command = ["cat", "/proc/sys/net/ipv6/conf/quiet/disable_ipv6"]
output  = "^1\n$"
`, map[string]string{}).prove(t)
}
