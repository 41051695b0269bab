package profile

import "strings"

// What the kernel and programs are handed, and could not take as it is meant.
var handedProblems = []problemCase{
	{"text that ends early", sound + "[service.a]\ncommand = [\"/bin/ls\", \"a\\u0000b\"]\n[service.a.environment]\nA = \"\\u0000\"\n\"B\\u0000\" = \"x\"\n[user.root]\npassword_hash = \"a\\u0000\"\n", []string{
		`p.toml:9:23: service.a.command[1]: has a NUL character, at which text ends for the kernel and for programs; accepted: text without it`,
		`p.toml:11:5: service.a.environment.A: has a NUL character`,
		`p.toml:12:1: service.a.environment."B\x00": has a NUL character or a line's end in its name; accepted: a name without it`,
		`p.toml:14:17: user.root.password_hash: has a NUL character`,
	}},
	{"words of the kernel line that nobody follows", strings.Replace(sound, `["console=`, `["uinit.pannic", "uinit.panic=foo", "uinit.panic=rescue", "uinit.debug", "ip=bogus", "vlan=a:b", "nameserver=foo", "quiet", "ip=eth7:dhcp", "console=`, 1), []string{
		`p.toml:4:12: kernel.cmdline[0]: "uinit.pannic" is no word of uinit's; did you mean uinit.panic?; accepted: uinit.rescue, uinit.debug, uinit.keymap, uinit.panic, `,
		`p.toml:4:28: kernel.cmdline[1]: uinit.panic=foo is not what can follow a fault; accepted: reboot, poweroff, rescue`,
		`p.toml:4:84: kernel.cmdline[4]: the network cannot be what ip=bogus asks for: `,
		`p.toml:4:96: kernel.cmdline[5]: the network cannot be what vlan=a:b asks for: `,
		`p.toml:4:108: kernel.cmdline[6]: the network cannot be what nameserver=foo asks for: `,
	}},
	{"what the firmware says", strings.Replace(sound, `["console=`, `["ip=ibft", "rd.route=nothing", "console=`, 1), nil},
	{"words of the network on a line", strings.Replace(sound, `["console=`, `["ip=192.0.2.9::192.0.2.1:24::vlan7:none", "vlan=vlan7:bond1", "bond=bond1:eth0,eth1:mode=4", "nameserver=192.0.2.53", "console=`, 1), nil},
	{"keys that say nothing beside others", sound + "[service.a]\ncommand = [\"/a\"]\nrestart_delay = \"2m\"\ncpu = 0.00001\n[service.b]\ncommand = [\"/b\"]\nrestart_delay = \"1m\"\ncpu = 0.01\n[array.a]\nlevel = \"raid1\"\nstart_dirty_degraded = true\n[array.b]\nlevel = \"raid5\"\nstart_dirty_degraded = true\n[run.disk.x]\nlabel = \"x\"\n[run.disk.y]\nlabel = \"y\"\nfilesystem = \"ext4\"\n", []string{
		`p.toml:10:17: service.a.restart_delay: is 2m, longer than restart_max, 1m; accepted: up to that, or a longer restart_max`,
		`p.toml:11:7: service.a.cpu: accepted: a share of processors, 0.01 to 1024, such as 0.5`,
		`p.toml:18:24: array.a.start_dirty_degraded: means nothing with level raid1, which has no parity; accepted: raid4, raid5, raid6`,
		`p.toml:23:9: run.disk.x.label: is a file system's, and none is made; accepted: with filesystem`,
	}},
	{"what has no room, and what is for nothing", sound + "[service." + strings.Repeat("a", 201) + "]\ncommand = [\"/a\"]\n[service." + strings.Repeat("b", 200) + "]\ncommand = [\"/a\"]\nready = { timeout = \"2m\" }\n[log]\nring = \"1T\"\nspool_max = \"1M\"\n[run.disk.x]\nbus = \"\"\n", []string{
		`p.toml:8:1: service.` + strings.Repeat("a", 201) + `: is not a service's name; accepted: no blanks, / or :, and up to 200 bytes`,
		`p.toml:12:21: service.` + strings.Repeat("b", 200) + `.ready.timeout: is for a sign, and there is none; accepted: with one of port, file, exit`,
		`p.toml:14:8: log.ring: is 1T, more than half of run.memory, 512M; accepted: up to 256M`,
		`p.toml:15:13: log.spool_max: is for a spool, and there is none; accepted: with log.spool`,
		`p.toml:17:7: run.disk.x.bus: "" is no bus that a disk can be on; accepted: virtio, `,
	}},
	{"names of variables", sound + "[service.a]\ncommand = [\"/a\"]\nenvironment = { \"\" = \"x\", \"A=B\" = \"x\", LANG = \"a=b\\nc\" }\n", []string{
		`p.toml:10:22: service.a.environment."": is not a variable's name; accepted: such as LANG, without "="`,
		`p.toml:10:35: service.a.environment."A=B": is not a variable's name`,
	}},
	{"a guest's kernel line", sound + "[vm.a]\nkernel = \"/k\"\nmemory = \"64M\"\ncmdline = \"a\\nb\"\n", []string{
		`p.toml:11:11: vm.a.cmdline: has a line's end in it; accepted: one line`,
	}},
	{"settings of the kernel", sound + "[sysctl]\n\"\" = 1\n\"../../etc/passwd\" = 1\n\"net/../../etc/passwd\" = 1\n\"a.b\" = \"\"\n\"kernel.modprobe\" = \"\"\n\"a.c\" = \"1\\n2\"\n\"net.ipv4.ip_forward\" = 1\n\"net/ipv4/ip_forward\" = 0\n\"net.ipv4.conf.bond0/20.forwarding\" = 1\n", []string{
		`p.toml:9:6: sysctl."": is not a setting of the kernel; accepted: as below /proc/sys, such as "net.ipv4.ip_forward"`,
		`p.toml:10:22: sysctl."../../etc/passwd": is not a setting of the kernel`,
		`p.toml:11:26: sysctl."net/../../etc/passwd": is not a setting of the kernel`,
		`p.toml:12:9: warning: sysctl."a.b": is empty, which the kernel takes for no number; accepted: such as 1, or leave the key out`,
		`p.toml:14:9: sysctl."a.c": has a line's end in it; accepted: one line`,
		`p.toml:16:25: sysctl."net/ipv4/ip_forward": is "net.ipv4.ip_forward" already, written otherwise; accepted: each setting once`,
	}},
	{"settings of an interface that a key has as well", sound + "[ethernet.a]\ndhcp4 = true\nforwarding = true\nra = false\nproxy_arp = true\n[ethernet.a.sysctl]\n\"ipv4.forwarding\" = 0\n\"ipv6.forwarding\" = 1\n\"ipv6.accept_ra\" = 1\n\"ipv4.proxy_arp\" = 1\n\"ipv6.autoconf\" = \"\"\n", []string{
		`p.toml:14:21: ethernet.a.sysctl."ipv4.forwarding": is 0 beside forwarding = true; accepted: one of them`,
		`p.toml:16:20: ethernet.a.sysctl."ipv6.accept_ra": is 1 beside ra = false; accepted: one of them`,
		`p.toml:18:19: ethernet.a.sysctl."ipv6.autoconf": is "", which the kernel takes for no value; accepted: such as 1`,
	}},
	{"parameters of modules", sound + "[module.a.parameters]\n\"\" = 1\n\"b c\" = 1\n\"d=e\" = 1\nf = \"1 2\"\ng = \"1\\n\"\nh = '\"1 2'\ni = '\"1 2\"'\nj = 1\nk = \"\"\n", []string{
		`p.toml:9:6: module.a.parameters."": is not a parameter's name; accepted: as modinfo(8) lists them, such as debug`,
		`p.toml:10:9: module.a.parameters."b c": is not a parameter's name`,
		`p.toml:11:9: module.a.parameters."d=e": is not a parameter's name`,
		`p.toml:12:5: module.a.parameters.f: "1 2" is not one value; accepted: blanks between double quotes only`,
		`p.toml:13:5: module.a.parameters.g: has a line's end in it; accepted: one line`,
		`p.toml:14:5: module.a.parameters.h: "\"1 2" is not one value`,
	}},
}
