package profile

import "strings"

// Services, guests, clocks and logs.
var serviceProblems = []problemCase{
	{"dangling need", sound + "[service.probe]\ncommand = [\"/usr/bin/probe\"]\nneeds = [\"online:lna\"]\n[ethernet.lan]\ndhcp4 = true\n", []string{
		`p.toml:10:10: service.probe.needs[0]: nothing is called "online:lna"; did you mean online:lan?; accepted here: `,
	}},
	{"a fact that nothing makes", sound + "[ethernet.lan]\ndhcp4 = true\n[check.a]\nfact = \"link.lan.carier\"\n[check.b]\nfact = \"link.lna.carrier\"\n[check.c]\nfact = \"weather\"\n[check.d]\nfact = \"vm.web.state\"\n", []string{
		`p.toml:11:8: check.a.fact: nothing makes a fact "link.lan.carier" on this machine; did you mean link.lan.carrier?; accepted: link.lan.addresses, link.lan.by_hand, link.lan.carrier, `,
		`p.toml:13:8: check.b.fact: nothing makes a fact "link.lna.carrier" on this machine; did you mean link.lan.carrier?; accepted: link.lan.addresses, `,
		`p.toml:15:8: check.c.fact: nothing makes a fact "weather" on this machine; accepted: access.…, boot.…, console.…, disk.…, entropy.…, hostname, kernel.…, `,
		`p.toml:17:8: check.d.fact: nothing makes a fact "vm.web.state" on this machine; accepted: access.…, `,
	}},
	{"a fact compared with what it cannot be", sound + "[ethernet.lan]\ndhcp4 = true\n[check.a]\nfact = \"link.lan.carrier\"\nequals = \"yes\"\n[check.b]\nfact = \"link.lan.addresses\"\nat_least = 1\n[check.c]\nfact = \"hostname\"\ncontains = 3\n", []string{
		`p.toml:12:10: check.a.equals: "yes" is not what link.lan.carrier can be, true or false; accepted: true, false`,
		`p.toml:15:12: check.b.at_least: is for numbers, and link.lan.addresses is a list of texts; accepted: equals, matches, contains`,
		`p.toml:18:12: check.c.contains: 3 is not what hostname can contain, text; accepted: text, such as "ok"`,
	}},
	{"facts of the rows that there are", sound + "[ethernet.lan]\ndhcp4 = true\n[ssh]\npassword = true\n[user.root]\npassword_hash = \"" + goodHash + "\"\n[check.a]\nfact = \"service.ssh.state\"\nequals = \"running\"\n[check.b]\nfact = \"stop.services\"\nat_most = 3\n[check.c]\nfact = \"link.lan.addresses\"\nmatches = \"^192\"\n", nil},
	{"facts of interfaces that the kernel line adds", strings.Replace(sound, `"]`, `", "vlan=vlan7:lan"]`, 1) + "[check.a]\nfact = \"link.vlan7.carrier\"\nequals = true\n[check.b]\nfact = \"link.vlan7.carrier\"\nequals = 1\n" + "[ethernet.lan]\nno_address = true\n", []string{
		`p.toml:13:10: check.b.equals: 1 is not what link.vlan7.carrier can be, true or false; accepted: true, false`,
	}},
	{"a fact of a row that a misspelt table has", sound + "[ehternet.lan]\ndhcp4 = true\n[check.a]\nfact = \"link.lan.carrier\"\n", []string{
		`p.toml:8:1: ehternet: unknown key`,
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
	{"more memory than a machine has that nobody described", sound + "[boot]\nmemory_min = \"2G\"\n", []string{
		`p.toml:9:14: boot.memory_min: is 2G, and run.memory, which is not written, is 512M; accepted: run.memory = "2G" as well, or a lower boot.memory_min`,
	}},
	{"more memory than a machine has", sound + "[boot]\nmemory_min = \"2G\"\n[run]\nmemory = \"1G\"\n", []string{
		`p.toml:11:10: run.memory: is 1G, less than boot.memory_min, 2G; accepted: 2G and up`,
	}},
	{"packages that no mirror can have", sound + "[packages.\"-oDebug\"]\nwhole = true\n[packages.\"\"]\nwhole = true\n[packages.\"a b\"]\nwhole = true\n[packages.a]\nwhole = true\n[packages.\"g++-12\"]\nfiles = [\"/usr/bin/*\", \"bin/x\", \"/bin/[\", \"/bin/../x\"]\n", []string{
		`p.toml:8:1: packages.-oDebug: is not a Debian package's name; accepted: `,
		`p.toml:10:1: packages."": is not a Debian package's name`,
		`p.toml:12:1: packages."a b": is not a Debian package's name`,
		`p.toml:14:1: packages.a: is not a Debian package's name`,
		`p.toml:17:24: packages."g++-12".files[1]: "bin/x" is not the path of a file in a package; accepted: an absolute one`,
		`p.toml:17:33: packages."g++-12".files[2]: "/bin/[" is not the path of a file`,
		`p.toml:17:43: packages."g++-12".files[3]: "/bin/../x" is not the path of a file`,
	}},
	{"a quotation without an end", strings.Replace(sound, `"]`, `", "dyndbg=\"file x.c +p\"", "x=\"y"]`, 1), []string{
		`p.toml:4:62: kernel.cmdline[2]: "x=\"y" opens a quotation and does not close it`,
	}},
	{"two time servers", sound + "[time]\nservers = [\"192.0.2.1\", \"192.0.2.2\"]\n", []string{
		`p.toml:9:11: warning: time.servers: 2 of at least 3`,
	}},
	{"certificates for a server that the owner names", sound + "[site]\nallow = [\"log_server\"]\n[log]\nca = \"/etc/ca.pem\"\n", nil},
	{"time servers by DHCP", sound + "[time]\nservers = [\"192.0.2.1\"]\ndhcp = true\n", nil},
	{"a time server with two votes", sound + "[time]\nservers = [\"a.example\", \"b.example\", \"a.example\"]\n", []string{
		`p.toml:9:38: time.servers[2]: a.example is named already; accepted: each server once`,
	}},
	{"polls that are too short", sound + "[time]\npoll_min = \"2s\"\npoll_max = \"1s\"\n", []string{
		`p.toml:9:12: time.poll_min: is 2s; accepted: 16s or more`,
		`p.toml:10:12: time.poll_max: is 1s, shorter than time.poll_min; accepted: 2s or more`,
	}},
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
	{"needs the clock and the pool", sound + "[service.a]\ncommand = [\"/a\"]\nneeds = [\"time\", \"entropy\"]\n", nil},
	{"a watchdog that bites at once", sound + "[watchdog]\ntimeout = \"1s\"\n", []string{
		`p.toml:9:11: watchdog.timeout: is 1s; accepted: 5s to 10m`,
	}},
	{"limits that are none", sound + "[service.a]\ncommand = [\"/a\"]\nrestart_limit = -1\npids = -1\ncpu = -0.5\n[service.b]\ncommand = [\"/b\"]\ncpu = 2000.0\n[service.c]\ncommand = [\"/c\"]\ncpu = inf\n", []string{
		`p.toml:10:17: service.a.restart_limit: accepted: a number of restarts, or 0 for no limit`,
		`p.toml:11:8: service.a.pids: is -1; accepted: 1 or more`,
		`p.toml:12:7: service.a.cpu: accepted: a share of processors, 0.01 to 1024`,
		`p.toml:15:7: service.b.cpu: accepted: a share of processors, 0.01 to 1024`,
		`p.toml:18:7: service.c.cpu: accepted: a share of processors, 0.01 to 1024`,
	}},
	{"two signs of readiness", sound + "[service.a]\ncommand = [\"/a\"]\nready = { port = 2222, exit = true }\n", []string{
		`p.toml:10:9: service.a.ready: has more than one sign; accepted: one of port, file, exit`,
	}},
	{"signs that never come", sound + "[service.a]\ncommand = [\"/a\"]\nready = { port = 70000 }\n[service.b]\ncommand = [\"/b\"]\nready = { file = \"run/b\" }\n[service.c]\ncommand = [\"/c\"]\nrestart = \"always\"\nready = { exit = true }\n", []string{
		`p.toml:10:18: service.a.ready.port: is 70000; accepted: 1 to 65535`,
		`p.toml:13:18: service.b.ready.file: accepted: the absolute path of a file without . or .., such as /run/thing.ready`,
		`p.toml:16:11: service.c.restart: a service that is ready when it ends is not started again; accepted: "on-failure", "never"`,
	}},
	{"a service within limits", sound + "[service.a]\ncommand = [\"/a\"]\nrestart_limit = 3\npids = 10\ncpu = 0.5\nwritable = [\"/run\"]\nready = { file = \"/run/a\", timeout = \"5s\" }\nnamespaces = [\"mount\", \"pid\", \"net\", \"uts\", \"ipc\"]\n", nil},
	{"namespaces that hide the sign", sound + "[service.a]\ncommand = [\"/a\"]\nnamespaces = [\"net\", \"pid\", \"net\"]\nready = { port = 8080 }\n[service.b]\ncommand = [\"/b\"]\nnamespaces = [\"mount\"]\nready = { file = \"/tmp/b\" }\n", []string{
		`p.toml:10:29: service.a.namespaces[2]: net is there already; accepted: each once`,
		`p.toml:11:18: service.a.ready.port: is a port of the service's own network`,
		`p.toml:15:18: service.b.ready.file: lies in the service's own /tmp`,
	}},
	{"a namespace that is none", sound + "[service.a]\ncommand = [\"/a\"]\nnamespaces = [\"user\"]\n", []string{
		`p.toml:10:15: service.a.namespaces[0]: "user" is not a namespace; accepted: mount, pid, net, uts, ipc`,
	}},
	{"guests", sound + guests, nil},
	{"services at one port", sound + "[metrics]\nfrom = [\"192.0.2.0/24\"]\nport = 8080\n[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]\n[service.a]\ncommand = [\"/a\"]\nready = { port = 8080 }\n[service.b]\ncommand = [\"/b\"]\nready = { port = 5353 }\n[service.c]\ncommand = [\"/c\"]\nready = { port = 5353 }\n", []string{
		`p.toml:15:18: service.a.ready.port: port 8080 is that of the server of metrics (p.toml:10:8); accepted: another port, or file in place of port as the service's sign`,
		`p.toml:21:18: service.c.ready.port: port 5353 is that of service:b (p.toml:18:18); accepted: another port, or file in place of port`,
	}},
	{"machines and processors that none are", sound + guests + "[vm.web2]\nmemory = \"64M\"\nmachine = \"q35\"\ncpu_model = \"EPYC,-avx\"\n[vm.web3]\nmemory = \"64M\"\nmachine = \"pc-q35-7\"\ncpu_model = \"\"\n", []string{
		`p.toml:27:11: vm.web2.machine: "q35" is not a machine; accepted: pc-q35-VERSION, such as pc-q35-7.2, which is the same with each QEMU`,
		`p.toml:28:13: vm.web2.cpu_model: "EPYC,-avx" is not a processor; accepted: host, or a model as QEMU names it, such as EPYC-v4`,
		`p.toml:31:11: vm.web3.machine: "pc-q35-7" is not a machine; accepted: `,
		`p.toml:32:13: vm.web3.cpu_model: "" is not a processor; accepted: `,
	}},
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
		`p.toml:18:8: vm.web.disk.root.path: /srv/web.img is a disk of vm.taker already (p.toml:40:8), and two who write to one destroy it; accepted: a disk or file of its own, or read_only = true in both rows`,
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
		`p.toml:58:7: vm.taker.nic.a.mac: 53:54:00:00:00:01 is not an interface's address`,
		`p.toml:59:1: vm.taker.nic.interfaces: "taker-interfaces" is not a name`,
		`p.toml:64:7: vm.taker.nic.l.mac: 52:54:00:00:00:02 is that of taker-interfaces already`,
	}},
	{"what guests may send", sound + guests + `addresses = ["192.0.2.5/32", "198.51.100.0/24", "2001:db8::5/128", "fe80::/10", "0.0.0.0/0"]
isolated = true
trunk = true
[vm.web.nic.two]
bridge = "br0"
addresses = ["192.0.2.5/24", "224.0.0.1/32", "::1/128", "192.0.2.5", "0.0.0.0/32"]
[vm.web.nic.three]
bridge = "br0"
trusted = true
addresses = ["192.0.2.7/32"]
trunk = true
[vm.web.nic.four]
bridge = "br0"
addresses = []
`, []string{
		`p.toml:30:14: vm.web.nic.two.addresses[0]: 192.0.2.5/24 is an address in a network; accepted: the network, 192.0.2.0/24`,
		`p.toml:30:30: vm.web.nic.two.addresses[1]: 224.0.0.1 is nobody's address on a network; accepted: one that the guest has there`,
		`p.toml:30:46: vm.web.nic.two.addresses[2]: ::1 is nobody's address`,
		`p.toml:30:57: vm.web.nic.two.addresses[3]: "192.0.2.5" is not an address with its prefix length`,
		`p.toml:30:70: vm.web.nic.two.addresses[4]: 0.0.0.0 is nobody's address`,
		`p.toml:34:13: vm.web.nic.three.addresses: says what the guest may send, and trusted = true that it may send anything`,
		`p.toml:35:9: vm.web.nic.three.trunk: says what the guest may send`,
		`p.toml:38:13: vm.web.nic.four.addresses: is an empty list, which says nothing here`,
	}},
	{"guests in a circle", sound + "[vm.a]\nkernel = \"/k\"\nmemory = \"64M\"\nautostart = true\nneeds = [\"vm:b\"]\n[vm.b]\nkernel = \"/k\"\nmemory = \"64M\"\nautostart = true\norder = 1\n", []string{
		`p.toml:8:1: vm.a: guests wait for each other in a circle, by order or needs: a → b → a`,
	}},
}

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
