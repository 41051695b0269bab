package profile

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/profiles"
)

// finder serves profiles from a map; the names are paths.
func finder(files map[string]string) Finder {
	return func(name string, from *File) (File, error) {
		text, ok := files[name]
		if !ok {
			return File{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return File{Name: name, Dir: "/p", Text: []byte(text)}, nil
	}
}

// sound is the least that makes a profile acceptable.
const sound = `
[kernel]
package = "linux-image-amd64"
cmdline = ["console=ttyS0,115200"]
[console.ttyS0]
[access]
host_password = true
`

func TestProblems(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string // every problem, in order
	}{
		{"sound", sound, nil},
		{"unknown keys, all of them", "sumary = \"x\"\n[kernl]\n" + sound, []string{
			`p.toml:1:1: sumary: unknown key; did you mean summary?; accepted here: `,
			`p.toml:2:1: kernl: unknown key; did you mean kernel?; accepted here: `,
		}},
		{"unknown key in a named row", sound + "[ethernet.lan]\ndhpc4 = true\n", []string{
			`p.toml:9:1: ethernet.lan.dhpc4: unknown key; did you mean dhcp4?; accepted here: match, dhcp4, `,
		}},
		{"wrong types", "formats = \"kernel\"\n[run]\nmemory = 512\ncpus = \"two\"\n" + sound, []string{
			`p.toml:1:11: formats: is the string "kernel"; accepted: a list, each a string: kernel, uki, disk, iso, netboot`,
			`p.toml:3:10: run.memory: is the number 512; accepted: a string: a whole number with K, M, G or T (1024 each), such as 512M`,
			`p.toml:4:8: run.cpus: is the string "two"; accepted: 1 to 64`,
		}},
		{"typed values die at their place", sound + "[ethernet.lan]\naddresses = [\"192.0.2.1/24\", \"192.0.2.300/24\"]\nmatch = { mac = \"52:54\" }\n", []string{
			`p.toml:9:30: ethernet.lan.addresses[1]: "192.0.2.300/24" is not an address with its prefix length, such as "192.0.2.1/24"`,
			`p.toml:10:17: ethernet.lan.match.mac: "52:54" is not a MAC address; accepted: six octets, such as 52:54:00:12:34:56`,
		}},
		{"arrays", sound + `
[array."da ta"]
level = "raid3"
match = { uuid = "12:34" }
`, []string{
			`p.toml:9:1: array."da ta": is not an array's name; accepted: `,
			`p.toml:10:9: array."da ta".level: "raid3" is not a level; accepted: linear, raid0, raid1, raid4, raid5, raid6, raid10`,
			`p.toml:11:18: array."da ta".match.uuid: "12:34" is not an array's UUID; accepted: 32 hexadecimal digits, as "mdadm --detail" prints them`,
		}},
		{"arrays that cannot be", sound + `
[array.data]
level = "raid6"
members = 3
create = true
match = { members = ["sda1", "/dev/vdb"] }
[mount."/srv"]
source = "array:date"
type = "ext4"
`, []string{
			`p.toml:11:11: array.data.members: is 3; accepted: 4 and up for raid6`,
			`p.toml:12:10: array.data.create: needs match.members, the disks to make it of: 2 of at least 4`,
			`p.toml:13:22: array.data.match.members[0]: "sda1" is not a device; accepted: "/dev/…", "serial=…", "partlabel=…"`,
			`p.toml:15:10: mount."/srv".source: there is no [array.date]; did you mean data?`,
		}},
		{"mounts that cannot be", sound + `
[mount."/a"]
source = "lvm:vg"
type = "xfs"
fsck = "preen"
[mount."/b"]
source = "lvm:vg/lv"
type = "ext4"
fsck = "maybe"
`, []string{
			`p.toml:10:10: mount."/a".source: "lvm:vg" is no volume; accepted: "lvm:GROUP/VOLUME"`,
			`p.toml:12:8: mount."/a".fsck: xfs has nothing to be checked with at boot; accepted: ext4, vfat`,
			`p.toml:16:8: mount."/b".fsck: "maybe" is not what is done to a file system; accepted: none, preen`,
		}},
		{"duplicate key", "summary = \"a\"\nsummary = \"b\"\n" + sound, []string{
			`p.toml:2:1: summary: Key 'summary' has already been defined.`,
		}},
		{"syntax", "summary = \"a\n" + sound, []string{`p.toml:1:13: summary: strings cannot contain newlines`}},
		{"required key", sound + "[mount.\"/srv\"]\ntype = \"ext4\"\n", []string{
			`p.toml:8:1: mount."/srv": needs a key "source": a string`,
		}},
		{"a stack drawn on paper", sound + stack, nil},
		{"ports and parents that are not there", sound + "[ethernet.lan]\n[bond.bond0]\nports = [\"lan\", \"lan2\"]\n[vlan.v20]\nparent = \"bond1\"\nid = 4095\naddresses = [\"192.0.2.1/24\"]\n[bridge.br0]\nports = [\"lan\"]\ndhcp4 = true\n", []string{
			`p.toml:9:1: warning: bond.bond0: has no address`,
			`p.toml:10:17: bond.bond0.ports[1]: there is no interface "lan2"; did you mean lan?`,
			`p.toml:12:10: vlan.v20.parent: there is no interface "bond1"; did you mean bond0?`,
			`p.toml:13:6: vlan.v20.id: is 4095; accepted: 1 to 4094`,
			`p.toml:16:10: bridge.br0.ports[0]: lan is a port of bond0 already`,
		}},
		{"an address on a port", sound + "[ethernet.lan]\ndhcp4 = true\n[bridge.br0]\nports = [\"lan\"]\nno_address = true\n", []string{
			`p.toml:8:1: ethernet.lan: is a port of br0 and cannot have addresses of its own; accepted: addresses on br0`,
		}},
		{"routes, rules and tunnels", sound + `
[ethernet.lan]
dhcp4 = true
[route.far]
destination = "10.0.0.1/8"
link = "lna"
via = "2001:db8::1"
[rule.guests]
from = "192.0.2.0/24"
table = 7
priority = 40000
[wireguard.wg0]
private_key_file = "key"
addresses = ["192.0.2.1/24"]
[wireguard.wg0.peer.far]
public_key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
endpoint = "far"
keepalive = "1500ms"
`, []string{
			`p.toml:12:15: route.far.destination: 10.0.0.1/8 is not a network; accepted: 10.0.0.0/8`,
			`p.toml:13:8: route.far.link: there is no interface "lna"; did you mean lan?`,
			`p.toml:14:7: route.far.via: 2001:db8::1 is not of the family of 10.0.0.1/8`,
			`p.toml:17:9: rule.guests.table: 7 has no route in this profile`,
			`p.toml:18:12: rule.guests.priority: is 40000; accepted: 1 to 32765`,
			`p.toml:20:20: wireguard.wg0.private_key_file: is "key"; accepted: the path of a file on state, such as "/var/lib/wireguard/wg0.key"`,
			`p.toml:24:12: wireguard.wg0.peer.far.endpoint: is "far"; accepted: "HOST:PORT", IPv6 in brackets`,
			`p.toml:25:13: wireguard.wg0.peer.far.keepalive: is 1.5s; accepted: 1s to 65535s in whole seconds`,
		}},
		{"one name twice", sound + "[ethernet.lan]\ndhcp4 = true\n[dummy.lan]\n", []string{
			`p.toml:8:1: ethernet.lan: lan is the name of a dummy already`,
		}},
		{"shares that nobody could use", sound + shares, []string{
			`p.toml:10:8: warning: share.nfs.a.path: /srv/a lies in memory: what clients write there is gone after the boot`,
			`p.toml:11:11: share.nfs.a.clients: is empty: nobody could mount it; accepted: networks such as ["192.0.2.0/24"]`,
			`p.toml:13:8: share.smb.b.path: "srv" cannot be shared; accepted: an absolute path without . or .., such as "/srv/films", and not "/"`,
			`p.toml:14:10: share.smb.b.users[0]: there is no [user.ana]; did you mean anna?`,
			`p.toml:14:17: share.smb.b.users[1]: anna could not log in by SMB; accepted: user.anna.nt_hash`,
			`p.toml:16:1: share.iscsi.c: anybody could write to it; accepted: initiators that may log in, or user and password_file for CHAP`,
		}},
		{"a firewall of another machine", sound + "[firewall]\nrules = \"rules.nft\"\nreverse_path = \"lose\"\n", []string{
			`p.toml:9:9: firewall.rules: "rules.nft" is not a path in the image`,
			`p.toml:10:16: firewall.reverse_path: "lose" is not a filter by the way back; accepted: strict, loose, off`,
		}},
		{"a way in that is none", sound + "[ethernet.lan]\ndhcp4 = true\n[firewall]\nrules = \"rules.nft\"\nmanagement = { interfaces = [\"lna\"] }\nlog = { groups = [-1], rate = 20000 }\n", []string{
			`p.toml:11:9: firewall.rules: "rules.nft" is not a path in the image`,
			`p.toml:12:29: firewall.management.interfaces: opens nothing: there is no [ssh]; accepted: tcp = [PORT] as well`,
			`p.toml:12:30: firewall.management.interfaces[0]: there is no interface "lna"; did you mean lan?`,
			`p.toml:13:19: firewall.log.groups[0]: is -1; accepted: 0 to 65535`,
			`p.toml:13:31: firewall.log.rate: is 20000; accepted: 1 to 10000`,
		}},
		{"a flow table of nothing", sound + "[ethernet.lan]\ndhcp4 = true\n[firewall]\nflow = { table = \"fast\", interfaces = [\"lna\"] }\n", []string{
			`p.toml:11:18: firewall.flow.table: "fast" is no flow table; accepted: its family, table and name, such as "inet filter fast"`,
			`p.toml:11:40: firewall.flow.interfaces[0]: there is no interface "lna"; did you mean lan?`,
		}},
		{"ports on no interface", sound + "[firewall]\nmanagement = { tcp = [22, 70000] }\n", []string{
			`p.toml:9:14: firewall.management: opens ports on no interface; accepted: interfaces = ["NAME"] as well`,
			`p.toml:9:27: firewall.management.tcp[1]: is 70000; accepted: 1 to 65535`,
		}},
		{"a circle of interfaces", sound + "[vlan.a]\nparent = \"b\"\nid = 1\ndhcp4 = true\n[vlan.b]\nparent = \"a\"\nid = 1\ndhcp4 = true\n", []string{
			`p.toml:8:1: vlan.a: interfaces are made of each other in a circle: a → b → a`,
		}},
		{"dangling need", sound + "[service.probe]\ncommand = [\"/usr/bin/probe\"]\nneeds = [\"online:lna\"]\n[ethernet.lan]\ndhcp4 = true\n", []string{
			`p.toml:10:10: service.probe.needs[0]: nothing is called "online:lna"; did you mean online:lan?; accepted here: `,
		}},
		{"circle of services", sound + `
[service.a]
command = ["/a"]
needs = ["service:b"]
[service.b]
command = ["/b"]
needs = ["service:c"]
[service.c]
command = ["/c"]
needs = ["service:a"]
`, []string{`p.toml:11:9: service.a.needs: services need each other in a circle: a → b → c → a`}},
		{"kernel console without a login", strings.Replace(sound, `["console=`, `["console=tty0", "console=`, 1), []string{
			`p.toml:4:12: kernel.cmdline[0]: kernel messages go to tty0, but nobody can log in there; accepted: a table [console.tty1]`,
		}},
		{"login without kernel console", sound + "[console.ttyS1]\n", []string{
			`p.toml:8:1: console.ttyS1: offers a login, but the kernel's messages don't go there; accepted: console=ttyS1 in kernel.cmdline, or quiet = true here`,
		}},
		{"quiet login", sound + "[console.ttyS1]\nquiet = true\n", nil},
		{"glob serves the kernel's console", strings.Replace(sound, "console.ttyS0", `console."ttyS*"`, 1), nil},
		{"speeds differ", strings.Replace(sound, "console=ttyS0,115200", "console=ttyS0,9600n8", 1), []string{
			`p.toml:4:12: kernel.cmdline[0]: the kernel speaks 9600 bit/s on ttyS0 and [console.ttyS0] 115200; accepted: the same speed in both`,
		}},
		{"nobody can log in", strings.Replace(sound, "true", "false", 1), []string{
			`p.toml:6:1: access: nobody could log in: no console with autologin`,
		}},
		{"nobody is meant to log in", strings.Replace(sound, "host_password", "nobody", 1), nil},
		{"a plain password is no hash", sound + "[user.root]\npassword_hash = \"secret\"\n", []string{
			`p.toml:9:17: user.root.password_hash: not a password hash; accepted: $y$…, $6$… or $5$…`,
		}},
		{"dotted sysctl", sound + "[sysctl]\nnet.ipv4.ip_forward = 1\n", []string{
			`p.toml:9:1: sysctl.net: is a table; accepted: a string or number. A key with dots is quoted: "a.b.c" = 1`,
		}},
		{"numbers for sysctls", sound + "[sysctl]\n\"net.ipv4.ip_forward\" = 1\n", nil},
		{"mount over proc", sound + "[mount.\"/proc\"]\nsource = \"tmpfs\"\ntype = \"tmpfs\"\n", []string{
			`p.toml:8:1: mount."/proc": is mounted by uinit itself`,
		}},
		{"file system nobody has", sound + "[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext5\"\n", []string{
			`p.toml:10:8: mount."/srv".type: "ext5" is not a file system that can be mounted; did you mean ext4?; accepted: `,
		}},
		{"sources that name nothing", sound + "[mount.\"/a\"]\nsource = \"PARTLABLE=x\"\ntype = \"ext4\"\n[mount.\"/b\"]\nsource = \"PARTUUID=12\"\ntype = \"ext4\"\n[mount.\"/c\"]\nsource = \"LABEL=\"\ntype = \"ext4\"\n", []string{
			`p.toml:9:10: mount."/a".source: "PARTLABLE=" names nothing that can be looked for; did you mean PARTLABEL?; accepted: LABEL, PARTLABEL, PARTUUID, UUID`,
			`p.toml:12:10: mount."/b".source: "12" is no PARTUUID`,
			`p.toml:15:10: mount."/c".source: "" is no LABEL`,
		}},
		{"sources of all kinds", sound + "[mount.\"/a\"]\nsource = \"PARTLABEL=state\"\ntype = \"ext4\"\n[mount.\"/b\"]\nsource = \"PARTUUID=12345678-9abc-4def-8123-456789abcdef\"\ntype = \"ext4\"\n[mount.\"/c\"]\nsource = \"PARTUUID=abcd1234-05\"\ntype = \"ext4\"\n", nil},
		{"much state", "[disk]\nstate = \"50G\"\n" + sound, []string{
			`p.toml:2:9: warning: disk.state: 50G of zeros cost each build 30 s for their checksum; the partition grows with its disk`,
		}},
		{"state is ext4", "[disk]\nstate = \"64M\"\n" + sound + "[mount.\"/state\"]\nsource = \"PARTLABEL=state\"\ntype = \"xfs\"\n", []string{
			`p.toml:12:8: mount."/state".type: is xfs, and the state partition of the image holds ext4`,
		}},
		{"no kernel", strings.Replace(sound, "package", "#", 1), []string{`p.toml:2:1: kernel: names no kernel; accepted: `}},
		{"check of a console that is not there", sound + "[check.x]\nconsole = \"ttyS1\"\nexpect = \"x\"\n", []string{
			`p.toml:9:11: check.x.console: there is no [console.ttyS1]; did you mean ttyS0?`,
		}},
		{"two time servers", sound + "[time]\nservers = [\"192.0.2.1\", \"192.0.2.2\"]\n", []string{
			`p.toml:9:11: warning: time.servers: 2 of at least 3`,
		}},
		{"what the owner may change", sound + "[site]\nallow = [\"hostname\", \"vlan\", \"hostname\", \"authorized_keys\"]\nwait = \"5m\"\n", []string{
			`p.toml:9:22: site.allow[1]: "vlan" is not something that site.toml can change; accepted: hostname, addresses, vlans, time_servers`,
			`p.toml:9:30: site.allow[2]: "hostname" is there already`,
			`p.toml:9:42: warning: site.allow[3]: is for an SSH server`,
			`p.toml:10:8: site.wait: is 5m; accepted: 1s to 2m`,
		}},
		{"a table that allows nothing", sound + "[site]\n", []string{`p.toml:8:1: site: needs a key "allow": a list, each a string: hostname, addresses, vlans,`}},
		{"a way in that the owner brings", strings.Replace(sound, "host_password = true", "", 1) + "[site]\nallow = [\"authorized_keys\"]\n[ssh]\n", nil},
		{"a password that the owner brings", strings.Replace(sound, "host_password = true", "", 1) + "[site]\nallow = [\"password_hash\"]\n", nil},
		{"certificates for a server that the owner names", sound + "[site]\nallow = [\"log_server\"]\n[log]\nca = \"/etc/ca.pem\"\n", nil},
		{"time servers by DHCP", sound + "[time]\nservers = [\"192.0.2.1\"]\ndhcp = true\n", nil},
		{"a time server with two votes", sound + "[time]\nservers = [\"a.example\", \"b.example\", \"a.example\"]\n", []string{
			`p.toml:9:38: time.servers[2]: a.example is named already; accepted: each server once`,
		}},
		{"polls that are too short", sound + "[time]\npoll_min = \"2s\"\npoll_max = \"1s\"\n", []string{
			`p.toml:9:12: time.poll_min: is 2s; accepted: 16s or more`,
			`p.toml:10:12: time.poll_max: is 1s, shorter than time.poll_min; accepted: 2s or more`,
		}},
		{"state that is gone after the boot", sound + "[time]\nstate = \"/var/lib\"\n[entropy]\nstate = \"srv\"\n", []string{
			`p.toml:9:9: time.state: /var/lib lies in memory and is gone after the boot; accepted: a directory in one of the profile's mounts`,
			`p.toml:11:9: entropy.state: "srv" is not an absolute path without . or .., such as /srv/state`,
		}},
		{"state that stays", sound + "[mount.\"/srv\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n[time]\nstate = \"/srv/time\"\n[entropy]\nstate = \"/srv\"\n", nil},
		{"log by TLS without certificates", sound + "[log]\nremote = \"tls://log.example\"\n", []string{
			`p.toml:9:10: log.remote: needs log.ca: `,
		}},
		{"log keys for another server", sound + "[log]\nremote = \"tcp://log.example\"\nca = \"/etc/ca.pem\"\n", []string{
			`p.toml:10:6: log.ca: is for a server with tls://; accepted: `,
		}},
		{"a spool for nobody", sound + "[log]\nspool = \"/srv/log\"\n", []string{
			`p.toml:9:9: log.spool: keeps records for a server, and log.remote names none`,
			`p.toml:9:9: log.spool: /srv/log lies in memory and is gone after the boot; accepted: `,
		}},
		{"needs the clock and the pool", sound + "[service.a]\ncommand = [\"/a\"]\nneeds = [\"clock\", \"entropy\"]\n", nil},
		{"ssh alone lets in", strings.Replace(sound, "host_password = true", "", 1) + "[ssh]\n[user.root]\nauthorized_keys = [\"ssh-ed25519 AAAA\"]\n[watchdog]\n[check.x]\nunit = \"service:ssh\"\n", nil},
		{"ssh without keys", sound + "[ssh]\n", []string{
			`p.toml:8:1: ssh: nobody could log in by SSH: no account has keys; accepted: user.NAME.authorized_keys, or `,
		}},
		{"ssh that makes no sense", sound + "[service.ssh]\ncommand = [\"/bin/x\"]\n[ssh]\nport = 70000\nmax_pending = 2000\nstate = \"/var\"\npassword = true\n", []string{
			`p.toml:8:1: service.ssh: is the name of the SSH server`,
			`p.toml:11:8: ssh.port: is 70000; accepted: 1 to 65535`,
			`p.toml:12:15: ssh.max_pending: is 2000; accepted: 1 to 1000`,
			`p.toml:13:9: ssh.state: /var lies in memory and is gone after the boot; accepted: `,
		}},
		{"ssh on no address", sound + "[ssh]\nlisten = [\"here\"]\n", []string{
			`p.toml:9:11: ssh.listen[0]: "here" is not an IP address, such as "192.0.2.1"`,
		}},
		{"a watchdog that bites at once", sound + "[watchdog]\ntimeout = \"1s\"\n", []string{
			`p.toml:9:11: watchdog.timeout: is 1s; accepted: 5s to 10m`,
		}},
		{"limits that are none", sound + "[service.a]\ncommand = [\"/a\"]\nrestart_limit = -1\npids = -1\ncpu = -0.5\n[service.b]\ncommand = [\"/b\"]\ncpu = 2000.0\n[service.c]\ncommand = [\"/c\"]\ncpu = inf\n", []string{
			`p.toml:10:17: service.a.restart_limit: accepted: a number of restarts, or 0 for no limit`,
			`p.toml:11:8: service.a.pids: accepted: a number of processes, or 0 for no limit`,
			`p.toml:12:7: service.a.cpu: accepted: a share of processors from 0 to 1024`,
			`p.toml:15:7: service.b.cpu: accepted: a share of processors from 0 to 1024`,
			`p.toml:18:7: service.c.cpu: accepted: a share of processors from 0 to 1024`,
		}},
		{"two signs of readiness", sound + "[service.a]\ncommand = [\"/a\"]\nready = { port = 22, exit = true }\n", []string{
			`p.toml:10:9: service.a.ready: has more than one sign; accepted: one of port, file, exit`,
		}},
		{"signs that never come", sound + "[service.a]\ncommand = [\"/a\"]\nready = { port = 70000 }\n[service.b]\ncommand = [\"/b\"]\nready = { file = \"run/b\" }\n[service.c]\ncommand = [\"/c\"]\nrestart = \"always\"\nready = { exit = true }\n", []string{
			`p.toml:10:18: service.a.ready.port: accepted: 1 to 65535`,
			`p.toml:13:18: service.b.ready.file: accepted: an absolute path, such as /run/thing.ready`,
			`p.toml:16:11: service.c.restart: a service that is ready when it ends is not started again; accepted: "on-failure", "never"`,
		}},
		{"a service within limits", sound + "[service.a]\ncommand = [\"/a\"]\nrestart_limit = 3\npids = 10\ncpu = 0.5\nready = { file = \"/run/a\", timeout = \"5s\" }\nnamespaces = [\"mount\", \"pid\", \"net\", \"uts\", \"ipc\"]\n", nil},
		{"namespaces that hide the sign", sound + "[service.a]\ncommand = [\"/a\"]\nnamespaces = [\"net\", \"pid\", \"net\"]\nready = { port = 80 }\n[service.b]\ncommand = [\"/b\"]\nnamespaces = [\"mount\"]\nready = { file = \"/tmp/b\" }\n", []string{
			`p.toml:10:29: service.a.namespaces[2]: net is named already; accepted: each once`,
			`p.toml:11:18: service.a.ready.port: is a port of the service's own network`,
			`p.toml:15:18: service.b.ready.file: lies in the service's own /tmp`,
		}},
		{"a namespace that is none", sound + "[service.a]\ncommand = [\"/a\"]\nnamespaces = [\"user\"]\n", []string{
			`p.toml:10:15: service.a.namespaces[0]: "user" is not a namespace; accepted: mount, pid, net, uts, ipc`,
		}},
		{"guests", sound + guests, nil},
		{"guests that make no sense", sound + guests + `
[vm.Big]
memory = "8M"
vcpus = -1
memory_max = "32M"
cpu = -1.0
restart_limit = -1
[vm.empty]
memory = "1G"
initrd = "initrd"
needs = ["vm:wbe"]
[vm.taker]
firmware = "uefi"
uefi_vars = "/vars"
[vm.taker.disk.a]
path = "/srv/web.img"
size = "1G"
[vm.taker.disk.B]
path = "/dev/vg0/x"
create = true
[vm.taker.disk.c]
path = "x.iso"
bus = "cdrom"
create = true
[vm.taker.disk.d]
path = "/var/d.img"
create = true
size = "1G"
[vm.taker.disk.e]
path = "/srv/e.img"
create = true
[vm.taker.nic.a]
bridge = "br1"
mac = "53:54:00:00:00:01"
[vm.taker.nic.interfaces]
bridge = "br0"
mac = "52:54:00:00:00:02"
[vm.taker.nic.l]
bridge = "br0"
mac = "52:54:00:00:00:02"
`, []string{
			`p.toml:18:8: vm.web.disk.root.path: /srv/web.img is a disk of taker already, and two who write`,
			`p.toml:26:1: vm.Big: is not a guest's name; accepted: `,
			`p.toml:26:1: vm.Big: has nothing to start from; accepted: kernel, or a disk`,
			`p.toml:27:10: vm.Big.memory: is 8M; accepted: 16M and up`,
			`p.toml:28:9: vm.Big.vcpus: is -1; accepted: 1 to 255`,
			`p.toml:29:14: vm.Big.memory_max: is 32M, and the guest would be ended when it uses its 8M; accepted: 72M and up`,
			`p.toml:30:7: vm.Big.cpu: accepted: `,
			`p.toml:31:17: vm.Big.restart_limit: accepted: `,
			`p.toml:33:10: warning: vm.empty.memory: is 1G, which does not fit into run.memory, 512M`,
			`p.toml:34:10: vm.empty.initrd: "initrd" is not an absolute path`,
			`p.toml:34:10: vm.empty.initrd: goes with kernel; a disk brings its own`,
			`p.toml:35:10: vm.empty.needs[0]: nothing is called "vm:wbe"; did you mean vm:web?`,
			`p.toml:36:1: warning: vm.taker.memory: is 512M`,
			`p.toml:38:13: vm.taker.uefi_vars: /vars lies in memory`,
			`p.toml:41:8: vm.taker.disk.a.size: goes with create = true`,
			`p.toml:42:1: vm.taker.disk.B: is not a disk's name`,
			`p.toml:44:10: vm.taker.disk.B.create: makes files, and /dev/vg0/x is a device`,
			`p.toml:46:8: vm.taker.disk.c.path: "x.iso" is no disk; accepted: `,
			`p.toml:48:10: vm.taker.disk.c.create: makes an empty disk`,
			`p.toml:50:8: vm.taker.disk.d.path: /var/d.img lies in memory`,
			`p.toml:53:1: vm.taker.disk.e.size: is 0; accepted: `,
			`p.toml:57:10: vm.taker.nic.a.bridge: there is no [bridge.br1]; did you mean br0?`,
			`p.toml:58:7: vm.taker.nic.a.mac: 53:54:00:00:00:01 is a group's address`,
			`p.toml:59:1: vm.taker.nic.interfaces: "taker-interfaces" is not a name`,
			`p.toml:64:7: vm.taker.nic.l.mac: 52:54:00:00:00:02 is that of taker-interfaces already`,
		}},
		{"guests in a circle", sound + "[vm.a]\nkernel = \"/k\"\nmemory = \"64M\"\nautostart = true\nneeds = [\"vm:b\"]\n[vm.b]\nkernel = \"/k\"\nmemory = \"64M\"\nautostart = true\norder = 1\n", []string{
			`p.toml:8:1: vm.a: guests wait for each other in a circle, by order or needs: a → b → a`,
		}},
		{"misspelt words of uinit's", sound + "[service.a]\ncommand = [\"/a\"]\nrestart = \"allways\"\n[site]\nallow = [\"hostnam\"]\n[array.a]\nlevel = 1\n", []string{
			`p.toml:10:11: service.a.restart: "allways" is not a restart policy; accepted: always, on-failure, never; did you mean always?`,
			`p.toml:12:10: site.allow[0]: "hostnam" is not something that site.toml can change; accepted: hostname, addresses, vlans, time_servers, log_server, authorized_keys, password_hash; did you mean hostname?`,
			`p.toml:14:9: array.a.level: is the number 1; accepted: a string: linear, raid0, raid1, raid4, raid5, raid6, raid10`,
		}},
		{"unknown format", "formats = [\"kernal\"]\n" + sound, []string{
			`p.toml:1:12: formats[0]: "kernal" is not a format; accepted: kernel, uki, disk, iso, netboot; did you mean kernel?`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, got, err := Load("p.toml", finder(map[string]string{"p.toml": tc.text}))
			if err != nil && !errors.As(err, &got) {
				t.Fatal(err)
			}
			if len(got) != len(tc.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(got), len(tc.want), got)
			}
			for i, want := range tc.want {
				if !strings.HasPrefix(got[i].String(), want) {
					t.Errorf("problem %d:\n got %s\nwant %s…", i, got[i], want)
				}
			}
		})
	}
}

func TestExtends(t *testing.T) {
	files := map[string]string{
		"base.toml": sound + "[ethernet.lan]\ndhcp4 = true\nmtu = 1400\n[image]\ncommands = [\"ls\"]\n",
		"mine.toml": "extends = \"base.toml\"\n[ethernet.lan]\nmtu = 9000\n[image]\ncommands = [\"cat\"]\n",
		"a.toml":    "extends = \"b.toml\"\n", "b.toml": "extends = \"c.toml\"\n", "c.toml": "extends = \"a.toml\"\n",
		"over.toml": "extends = \"base.toml\"\n[kernel]\ncmdline = [\"console=ttyS9\"]\n",
	}
	p, _, err := Load("mine.toml", finder(files))
	if err != nil {
		t.Fatal(err)
	}
	if lan := p.Ethernet["lan"]; !lan.DHCP4 || lan.MTU != 9000 {
		t.Errorf("tables did not merge: %+v", lan)
	}
	if got := strings.Join(p.Image.Commands, " "); got != "cat" || p.Name != "mine" || p.Hostname != "mine" {
		t.Errorf("commands %q, name %q, host name %q", got, p.Name, p.Hostname)
	}
	if pos := p.At("ethernet.lan.dhcp4"); pos.File != "base.toml" {
		t.Errorf("inherited value stands at %s", pos)
	}
	_, _, err = Load("a.toml", finder(files))
	if want := "profiles extend each other in a circle: a.toml → b.toml → c.toml → a.toml"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("circle: %v", err)
	}
	_, _, err = Load("over.toml", finder(files))
	if err == nil || !strings.HasPrefix(err.Error(), "base.toml:5:1: console.ttyS0: offers a login") {
		t.Errorf("problem in the base: %v", err)
	}
}

func TestShippedProfilesAreSound(t *testing.T) {
	shippedFiles, _ := fs.Glob(profiles.FS, "*.toml")
	for _, f := range shippedFiles {
		p, warnings, err := Load(strings.TrimSuffix(f, ".toml"), Find(profiles.FS))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", f, warnings, err)
		} else if string(p.Name)+".toml" != f {
			t.Errorf("%s is called %s", f, p.Name)
		}
	}
}

func TestFind(t *testing.T) {
	find := Find(fstest.MapFS{"headless.toml": {Data: []byte(sound)}})
	if _, err := find("headles", nil); err == nil || !strings.Contains(err.Error(), "did you mean headless?") {
		t.Errorf("misspelt: %v", err)
	}
	if _, err := find(filepath.Join(t.TempDir(), "none.toml"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestDefaultsAreIdempotent(t *testing.T) {
	p, _, err := Load("p.toml", finder(map[string]string{"p.toml": sound}))
	if err != nil {
		t.Fatal(err)
	}
	once := p.TOML()
	fillProfile(p)
	if twice := p.TOML(); once != twice {
		t.Errorf("defaults changed again:\n%s\n%s", once, twice)
	}
	if p.Console["ttyS0"].Speed != 115200 || *p.Run.NICs != 1 || p.Formats[0] != FormatKernel {
		t.Errorf("defaults are missing:\n%s", once)
	}
}

const shares = `
[share.nfs.a]
path = "/srv/a"
clients = []
[share.smb.b]
path = "srv"
users = ["ana", "anna"]
[user.anna]
[share.iscsi.c]
target = "iqn.2026-01.example:c"
source = "/dev/vdb"
`

const stack = `
[ethernet.a]
[ethernet.b]
[bond.bond0]
ports = ["a", "b"]
mode = "802.3ad"
lacp_rate = "fast"
[vlan."bond0.20"]
parent = "bond0"
id = 20
[bridge.br20]
ports = ["bond0.20"]
addresses = ["192.0.2.20/24", "2001:db8:20::20/64"]
ra = true
sysctl = { "ipv6.autoconf" = 0 }
[service.x]
command = ["/x"]
needs = ["online:br20", "link:bond0.20"]
`

const guests = `
[bridge.br0]
no_address = true
[mount."/srv"]
source = "LABEL=srv"
type = "ext4"
[vm.web]
memory = "64M"
autostart = true
[vm.web.disk.root]
path = "/srv/web.img"
create = true
size = "1G"
[vm.web.disk.data]
path = "lvm:vg0/data"
[vm.web.nic.lan]
bridge = "br0"
`

// The packet filter's table brings nft, and is held to what a machine has.
func TestFirewall(t *testing.T) {
	p, _, err := Load("p.toml", finder(map[string]string{"p.toml": sound + "[firewall]\n[ssh]\npassword = true\n"}))
	if err != nil {
		t.Fatal(err)
	}
	if files := p.Packages["nftables"].Files; len(files) != 1 || files[0] != "/usr/sbin/nft" || p.Firewall.Rules != "/etc/nftables.nft" || p.Firewall.ReversePath != "strict" || p.Firewall.Log.Rate != 50 {
		t.Errorf("packages %v, %+v", p.Packages, p.Firewall)
	}
}
