package profile

// What services may do, and what does not go together.
var rightsProblems = []problemCase{
	{"rights that are", sound + "[service.a]\ncommand = [\"/a\"]\ncapabilities = [\"net_bind_service\", \"CAP_SYS_TIME\"]\nsystem_calls = [\"@clock\"]\nwritable = [\"/run/a\", \"/srv\", \"/dev/net/tun\"]\nready = { file = \"/run/a/ready\" }\n[service.b]\ncommand = [\"/b\"]\ncapabilities = [\"net_bind_service\"]\nready = { port = 80 }\n[service.c]\ncommand = [\"/c\"]\nunconfined = true\nready = { port = 25 }\n[service.d]\ncommand = [\"/d\"]\nready = { port = 1024 }\n[service.e]\ncommand = [\"/e\"]\nunconfined = true\nready = { file = \"/tmp/e\" }\n[service.f]\ncommand = [\"/f\"]\nwritable = [\"/tmp\"]\nready = { file = \"/tmp/f\" }\n", nil},
	{"a port that sysctl opens", sound + "[sysctl]\n\"net.ipv4.ip_unprivileged_port_start\" = 80\n[service.a]\ncommand = [\"/a\"]\nready = { port = 80 }\n[service.b]\ncommand = [\"/b\"]\nready = { port = 79 }\n", []string{
		`p.toml:15:18: service.b.ready.port: can't be listened on by who has no right to: it is below 80; accepted: with capabilities = ["net_bind_service"], or a higher one`,
	}},
	{"rights that are misspelt", sound + "[service.a]\ncommand = [\"/a\"]\ncapabilities = [\"net_bind_servce\", \"kill\", \"kill\"]\nsystem_calls = [\"@mounts\"]\nwriteable = [\"/srv\"]\n", []string{
		`p.toml:10:17: service.a.capabilities[0]: "net_bind_servce" is not a capability; accepted: chown, dac_override, `,
		`p.toml:10:44: service.a.capabilities[2]: kill is there already; accepted: each once`,
		`p.toml:11:17: service.a.system_calls[0]: "@mounts" is not a group of system calls; accepted: @clock, @debug, @module, @mount, @privileged, @raw-io, @reboot, @swap, @known; did you mean @mount?`,
		`p.toml:12:1: service.a.writeable: unknown key; did you mean writable?`,
	}},
	{"places that are none", sound + "[mount.\"/pub\"]\nsource = \"LABEL=pub\"\ntype = \"ext4\"\noptions = [\"ro\"]\n[service.a]\ncommand = [\"/a\"]\nwritable = [\"srv\", \"/srv/../etc\", \"/pub/in\", \"/srv/x\", \"/srv\"]\n", []string{
		`p.toml:14:13: service.a.writable[0]: "srv" is not an absolute path without . or ..; accepted: such as "/srv"`,
		`p.toml:14:20: service.a.writable[1]: "/srv/../etc" is not an absolute path without . or ..`,
		`p.toml:14:35: service.a.writable[2]: lies in /pub, which is mounted read-only; accepted: a place in a file system that can be written to`,
		`p.toml:14:46: warning: service.a.writable[3]: lies in /srv, which can be written to already; accepted: one of them`,
	}},
	{"signs that can't be given", sound + "[service.a]\ncommand = [\"/a\"]\nready = { file = \"/run/a.ready\" }\n[service.b]\ncommand = [\"/b\"]\nwritable = [\"/run/b\"]\nready = { file = \"/run/bb\" }\n[service.c]\ncommand = [\"/c\"]\nready = { port = 53 }\n[service.d]\ncommand = [\"/d\"]\nready = { file = \"/tmp/d\" }\n", []string{
		`p.toml:10:18: service.a.ready.file: can't be made: the service can't write to /run; accepted: a file in a place that writable names, such as writable = ["/run"]`,
		`p.toml:14:18: service.b.ready.file: can't be made: the service can't write to /run; accepted: `,
		`p.toml:17:18: service.c.ready.port: can't be listened on by who has no right to: it is below 1024; accepted: with capabilities = ["net_bind_service"], or a higher one`,
		`p.toml:20:18: service.d.ready.file: lies in the service's own /tmp, which nobody else sees; accepted: a file below /run that writable names`,
	}},
	{"rights that contradict each other", sound + "[service.a]\ncommand = [\"/a\"]\nunconfined = true\ncapabilities = [\"kill\"]\nnew_privileges = true\nwritable = [\"/srv\"]\nsystem_calls = [\"@mount\"]\n[service.b]\ncommand = [\"/b\"]\ncapabilities = [\"sys_time\"]\nsystem_calls = [\"@known\", \"@mount\"]\n[service.c]\ncommand = [\"/c\"]\ncapabilities = [\"sys_module\"]\n", []string{
		`p.toml:11:16: service.a.capabilities: gives what unconfined = true leaves to it anyway; accepted: one or the other`,
		`p.toml:12:18: service.a.new_privileges: gives what unconfined = true leaves to it anyway`,
		`p.toml:13:12: service.a.writable: gives what unconfined = true leaves to it anyway`,
		`p.toml:14:16: service.a.system_calls: gives what unconfined = true leaves to it anyway`,
		`p.toml:18:17: warning: service.b.system_calls[0]: has all groups in it; accepted: by itself`,
		`p.toml:21:17: warning: service.c.capabilities[0]: sys_module is of no use without the system calls that it is for; accepted: beside system_calls = ["@module"]`,
	}},
}
