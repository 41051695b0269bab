package qemu_tests

import "testing"

// The kernel line has the last word on the network: VLAN over bond over interfaces that the image has no rows for, static
// addresses with IPv6 in brackets on one that it has, and a word that nobody understands.
func TestKernelLineNetwork(t *testing.T) {
	t.Parallel()
	box := extended(t, cloud+`
# One interface that the line adds is enough for checks to be let off: which others come only the running machine knows.
cmdline = ["console=tty0", "console=ttyS0,115200n8", "bond=bond1:eth1,eth2:mode=active-backup,miimon=50", "vlan=vlan7:bond1", "ip=198.51.100.7::198.51.100.1:24::vlan7:none"]
[ethernet.lan]
match = { index = 0 }

[module.bonding]
load = true
[module.bridge]
load = true
[module.br_netfilter]
load = true
[module.8021q]
load = true

[run]
nics = 4

[check.address]
matches = "^192\\.0\\.2\\.9/25$"
[check.online]
fact   = "link.vlan7.carrier"
equals = true
[check.lan]
unit = "online:lan"
[check.hardware]
fact   = "link.lan.mac"
equals = "02:00:00:00:00:09"
[check.active]
fact   = "link.bond1.carrier"
equals = true
# Its ports join in the order in which they are found; which of them gives the address is the line's.
[check.ports]
fact   = "link.bond1.ports"
equals = ["eth1", "eth2"]
[check.first]
fact   = "link.bond1.mac"
equals = "52:54:00:12:34:57"
[check.problems]
fact   = "netcmdline.problems"
equals = ["ip=nonsense: \"nonsense\" is no way to get an address; accepted: any, auto6, dhcp, dhcp6, either6, ibft, link6, none, off, on, single-dhcp"]
[check.bridge]
fact   = "link.br9.ports"
equals = ["eth3"]
[check.filter]
fact   = "bridge-nf-call-iptables"
equals = false
[check.settings]
command = ["/bin/sh", "-c", "cat /proc/sys/net/bridge/bridge-nf-call-iptables /proc/sys/net/bridge/bridge-nf-call-ip6tables /proc/sys/net/bridge/bridge-nf-call-arptables; readlink /sys/class/net/eth3/master"]
output  = "^0\n0\n0\n[./a-z]*/br9\n$"
[check.bond]
command = ["/bin/sh", "-c", "cat /sys/class/net/bond1/bonding/mode /sys/class/net/bond1/bonding/miimon; cat /proc/net/vlan/vlan7"]
output  = "(?s)^active-backup 1\n50\n.*VID: 7"
[check.addresses]
command = ["/bin/sh", "-c", "ip address show lan; ip address show vlan7; cat /proc/net/route"]
output  = "(?s)192.0.2.9/25.*2001:db8::9/64.*198.51.100.7/24.*lan\t00000000\t010200C0"
[check.resolver]
command = ["cat", "/etc/resolv.conf"]
output  = "nameserver 198.51.100.53\n"
[check.hostname]
command = ["hostname"]
output  = "^moved\n$"
`, map[string]string{})
	box.options.Append = []string{
		"ip=192.0.2.9::192.0.2.1:255.255.255.128:moved:lan:none::02:00:00:00:00:09", "ip=[2001:db8::9]::[2001:db8::1]:64::lan:none", "nameserver=198.51.100.53",
		"bridge=br9:eth3", "ip=br9:link6", "ip=nonsense",
	}
	box.prove(t)
}
