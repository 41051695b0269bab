package profile

// Lines of files, and members of lists. The text of a case begins in line 8.
var textMistakes = []problemCase{
	{"line ends in what becomes a line", "summary = \"a\\nb\"\n[user.a]\nhome = \"/home/a\\n\"\n[kernel.x]\n[service.\"a\\nb\"]\ncommand = [\"/x\"]\n[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext4\\r\"\n", []string{
		`p.toml:8:1: access.summary: unknown key`,
		`p.toml:10:8: user.a.home: has a line's end in it; accepted: one line`,
		`p.toml:11:1: kernel.x: unknown key`,
		`p.toml:12:1: service."a\nb": has a NUL character or a line's end in its name; accepted: a name without it`,
		`p.toml:16:8: mount."/srv".type: has a line's end in it; accepted: one line`,
	}},
	{"text of several lines", "[console.tty1]\nquiet = true\nissue = \"a\\nb\\n\"\n[service.a]\ncommand = [\"/bin/sh\", \"-c\", \"a\\nb\", \"a\", \"a\"]\nenvironment = { A = \"b\\nc\" }\n" +
		"[check.a]\ncommand = [\"sh\", \"-c\", \"a\\nb\", \"a\", \"a\"]\noutput = \"a\\nb\"\n[check.b]\nconsole = \"ttyS0\"\nexpect = \"a\\nb\"\nsend = \"a\\n\"\n", nil},
	{"members twice", "[kernel2]\n[image]\ncommands = [\"ls\", \"cat\", \"ls\"]\n[ethernet.lan]\ndhcp4 = true\ndns = [\"192.0.2.1\", \"192.0.2.1\"]\n[ethernet.wan]\ndhcp4 = true\n" +
		"[firewall]\nrules = \"/etc/r\"\nmanagement = { interfaces = [\"lan\", \"lan\"], tcp = [22, 22] }\n[firewall.log]\ngroups = [1, 1]\n[user.a]\nnt_hash = \"8846f7eaee8fb117ad06bdd830b7586c\"\n" +
		"authorized_keys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a\", \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a\"]\n[ssh]\n", []string{
		`p.toml:8:1: kernel2: unknown key`,
		`p.toml:10:26: warning: image.commands[2]: ls is there already; accepted: each once`,
		`p.toml:13:21: warning: ethernet.lan.dns[1]: 192.0.2.1 is there already; accepted: each once`,
		`p.toml:18:37: warning: firewall.management.interfaces[1]: lan is there already`,
		`p.toml:18:56: warning: firewall.management.tcp[1]: 22 is there already`,
		`p.toml:20:14: firewall.log.groups[1]: 1 is there already; accepted: each once`,
		`p.toml:22:11: warning: user.a.nt_hash: is for shares by SMB, and none has a among its users`,
		`p.toml:23:106: warning: user.a.authorized_keys[1]: it is there already`,
	}},
	{"IPv4 written as IPv6", "[ethernet.lan]\ndhcp4 = true\ndns = [\"::ffff:192.0.2.1\"]\nonline = { probe = \"[::ffff:192.0.2.1]:53\" }\n[route.r]\ndestination = \"192.0.2.0/24\"\nlink = \"lan\"\nvia = \"::ffff:192.0.2.1\"\n" +
		"[share.nfs.a]\npath = \"/proc\"\nclients = [\"::ffff:192.0.2.0/120\"]\n", []string{
		`p.toml:10:8: ethernet.lan.dns[0]: ::ffff:192.0.2.1 is an IPv4 address written as IPv6; accepted: written as 192.0.2.1`,
		`p.toml:11:20: ethernet.lan.online.probe: ::ffff:192.0.2.1 is an IPv4 address written as IPv6`,
		`p.toml:15:7: route.r.via: ::ffff:192.0.2.1 is an IPv4 address written as IPv6`,
		`p.toml:17:8: warning: share.nfs.a.path: /proc lies in memory`,
		`p.toml:18:12: share.nfs.a.clients[0]: ::ffff:192.0.2.0 is an IPv4 address written as IPv6`,
	}},
	{"a server by three names", "[time]\nservers = [\"a.example.net\", \"A.example.net.\", \"192.0.2.1\", \"192.0.2.1:123\", \"192.0.2.1:124\"]\n", []string{
		`p.toml:9:29: time.servers[1]: A.example.net. is named already; accepted: each server once`,
		`p.toml:9:60: time.servers[3]: 192.0.2.1:123 is named already`,
	}},
}
