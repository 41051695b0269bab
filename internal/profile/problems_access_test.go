package profile

import "strings"

// Kernel, consoles, and who may log in.
var accessProblems = []problemCase{
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
	{"no kernel", strings.Replace(sound, "package", "#", 1), []string{`p.toml:2:1: kernel: names no kernel; accepted: `}},
	{"check of a console that is not there", sound + "[check.x]\nconsole = \"ttyS1\"\nexpect = \"x\"\n", []string{
		`p.toml:9:11: check.x.console: there is no [console.ttyS1]; did you mean ttyS0?`,
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
	{"limits of sessions", sound + "[user.ann]\nmemory = \"64M\"\npids = 100\n[user.bob]\nmemory = \"8M\"\npids = -1\n", []string{
		`p.toml:12:10: user.bob.memory: is 8M, and a shell would be ended as it starts; accepted: 16M and up`,
		`p.toml:13:8: user.bob.pids: accepted: a number of processes, or 0 for the default`,
	}},
	{"ssh on no address", sound + "[ssh]\nlisten = [\"here\"]\n", []string{
		`p.toml:9:11: ssh.listen[0]: "here" is not an IP address, such as "192.0.2.1"`,
	}},
}
