package profile

// Words of the kernel line, settings and modules.
var wordMistakes = []problemCase{
	{"settings of no name, or of an interface", "[ethernet.lan]\ndhcp4 = true\n[sysctl]\n\"net.ipv4.ip_forward=1\" = 1\n\"/proc/sys/net/ipv4/ip_forward\" = 1\n\"net.ipv4.conf.eth0.rp_filter\" = 1\n\"net.ipv6.conf.lan.autoconf\" = 0\n\"net.ipv4.conf.all.rp_filter\" = 1\n\"net.ipv4.ip_local_port_range\" = \"1024 65535\"\n", []string{
		`p.toml:11:27: sysctl."net.ipv4.ip_forward=1": is not a setting of the kernel`,
		`p.toml:12:35: sysctl."/proc/sys/net/ipv4/ip_forward": is not a setting of the kernel`,
		`p.toml:13:34: warning: sysctl."net.ipv4.conf.eth0.rp_filter": no interface of this profile is called eth0; accepted: one of lan, or all, default, lo`,
		`p.toml:14:32: warning: sysctl."net.ipv6.conf.lan.autoconf": is made before lan is there; accepted: the key sysctl of ethernet.lan`,
	}},
	{"terminals of no kernel", "[console.ttySO]\nquiet = true\n[console.ttys0]\nquiet = true\n[console.ttyO0]\nquiet = true\n[console.tty2]\nquiet = true\nterm = \"xterm-265color\"\n[console.ttyUSB0]\nquiet = true\nterm = \"wyse60\"\n", []string{
		`p.toml:8:1: console.ttySO: is no terminal: their names end in a number; did you mean ttyS0?`,
		`p.toml:10:1: warning: console.ttys0: is no terminal that Linux has; did you mean ttyS0?`,
		`p.toml:16:8: warning: console.tty2.term: "xterm-265color" is no terminal that programs know; did you mean xterm-256color?`,
	}},
	{"keys and hashes that nobody asks for", "[user.a]\nnt_hash = \"8846f7eaee8fb117ad06bdd830b7586c\"\nauthorized_keys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a\"]\n", []string{
		`p.toml:9:11: warning: user.a.nt_hash: is for shares by SMB, and none has a among its users; accepted: share.smb.NAME.users, or leave the key out`,
		`p.toml:10:19: warning: user.a.authorized_keys: let nobody in: there is no SSH server; accepted: a table [ssh], or leave the key out`,
	}},
	{"more name servers than are asked", "[ethernet.a]\ndhcp4 = true\ndns = [\"192.0.2.1\", \"192.0.2.2\"]\n[ethernet.b]\ndhcp4 = true\ndns = [\"192.0.2.1\", \"192.0.2.3\", \"192.0.2.4\"]\n", []string{
		`p.toml:13:34: warning: ethernet.b.dns[2]: is name server number 4, and programs ask the first 3 (resolv.conf(5)); accepted: up to 3 on all interfaces together`,
	}},
	{"two rows for one place", "[ethernet.a]\ndhcp4 = true\nmatch = { path = \"0000:03:00.0\" }\n[ethernet.b]\ndhcp4 = true\nmatch = { path = \"0000:03:00.0\" }\n", []string{
		`p.toml:13:18: warning: ethernet.b.match.path: "0000:03:00.0" is where ethernet.a is looked for already`,
	}},
	{"one module by two names", "[module.br-netfilter]\nload = true\n[module.br_netfilter]\nload = true\n", []string{
		`p.toml:10:1: module.br_netfilter: is module.br-netfilter already: - and _ are one in modules' names; accepted: one row`,
	}},
	{"packages of nothing", "[packages.zsh]\n[packages.rsync]\nfiles = []\n[packages.jq]\nwhole = false\n", []string{
		`p.toml:8:1: packages.zsh: takes nothing of the package; accepted: files = `,
	}},
	{"time of nobody's DHCP server", "[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]\n[time]\ndhcp = true\n", []string{
		`p.toml:11:8: warning: time.dhcp: no interface asks a DHCP server; accepted: time.servers, or dhcp4 = true of an interface`,
	}},
	{"a log larger than memory", "[log]\nremote = \"udp://192.0.2.1\"\nqueue = \"2G\"\n", []string{
		`p.toml:10:9: log.queue: is 2G, more than half of run.memory, 512M; accepted: up to 256M`,
	}},
	{"state in a shared folder", "[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[state]\npath = \"/srv/files\"\n[log]\nremote = \"tcp://192.0.2.1\"\nspool = \"/srv/files/log\"\n[entropy]\nstate = \"/srv/other/seed\"\n[share.nfs.a]\npath = \"/srv/files\"\nclients = [\"192.0.2.0/24\"]\n[share.nfs.b]\npath = \"/srv/other\"\nclients = [\"192.0.2.0/24\"]\n", []string{
		`p.toml:12:8: warning: state.path: /srv/files lies in the folder of share.nfs.a (p.toml:18:1), whose clients may write to it`,
		`p.toml:17:9: warning: entropy.state: /srv/other/seed lies in the folder of share.nfs.b`,
	}},
}

// The machine of a run, and what it is to prove.
var runMistakes = []problemCase{
	{"disks of a run", "[run.disk.a]\nfilesystem = \"ext4\"\nlabel = \"longer-than-16-bytes\"\n[run.disk.b]\nfilesystem = \"xfs\"\n[run.disk.\"c,d\"]\n[run.disk.e]\nsize = \"1048577\"\n[run.disk.f]\nfilesystem = \"xfs\"\nsize = \"300M\"\nlabel = \"twelve-bytes\"\n", []string{
		`p.toml:10:9: run.disk.a.label: has 20 bytes; accepted: up to 16, which ext4 has room for`,
		`p.toml:11:1: run.disk.b.size: is 64M; accepted: 300M and up, or mkfs.xfs refuses it`,
		`p.toml:13:1: run.disk."c,d": is not a disk's name; accepted: up to 20 characters without blanks, commas and /`,
		`p.toml:15:8: run.disk.e.size: is 1048577; accepted: 1M and up, in multiples of 512`,
	}},
	{"checks longer than their run", "[ethernet.lan]\ndhcp4 = true\n[check.a]\nunit = \"online:lan\"\nwithin = \"10m\"\n[check.b]\nunit = \"online:lan\"\nwithin = \"3m\"\n", []string{
		`p.toml:12:10: check.a.within: is 10m, longer than run.timeout, 3m, at which a run ends; accepted: up to that, or a longer run.timeout`,
	}},
	{"a short run, and what nobody wrote", "[run]\ntimeout = \"30s\"\n[ethernet.lan]\ndhcp4 = true\n[check.a]\nunit = \"online:lan\"\n", nil},
	{"what cannot be seen or started", "[console.tty1]\nquiet = true\n[check.a]\nconsole = \"tty1\"\nexpect = \"login\"\n[check.b]\ncommand = [\"uname -s\"]\n[check.c]\ncommand = [\"uname\", \"-s -r\"]\n", []string{
		`p.toml:11:11: check.a.console: tty1 cannot be watched from outside; accepted: ttyS0 to ttyS3`,
		`p.toml:14:11: check.b.command: "uname -s" is one word, and no program is called so; accepted: its arguments each by themselves`,
	}},
}
