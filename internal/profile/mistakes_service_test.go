package profile

// Services, guests and shares: limits, files, and who may have them.
var serviceMistakes = []problemCase{
	{"limits that let nothing start, or are never reached", "[service.a]\ncommand = [\"/x\"]\nmemory = \"1K\"\nstop_timeout = \"30s\"\n" +
		"[service.c]\ncommand = [\"/x\"]\nrestart_limit = 20\n[service.d]\ncommand = [\"/x\"]\nrestart_limit = 10\n[service.e]\ncommand = [\"/x\"]\nrestart_delay = \"1m\"\nrestart_limit = 3\nrestart_window = \"10s\"\n", []string{
		`p.toml:10:10: service.a.memory: is 1K, and the program would be ended as it starts; accepted: 1M and up`,
		`p.toml:11:16: warning: service.a.stop_timeout: is 30s, and at shutdown all services together have 15s (boot.stop_timeout)`,
		`p.toml:14:17: warning: service.c.restart_limit: is 20, and with the pauses between them so many restarts never fall within 10m`,
		`p.toml:21:17: warning: service.e.restart_limit: is 3, and with the pauses between them so many restarts never fall within 10s`,
	}},
	{"what a shell would make of it", "[service.a]\ncommand = [\"/x\", \">\", \"/dev/null\", \"2>&1\"]\nenvironment = { PATH = \"$PATH:/opt/bin\", \"A B\" = \"c\", C = \"$D\" }\n[service.b]\ncommand = [\"/bin/sh\", \"-c\", \"$1\", \"&\"]\n", []string{
		`p.toml:9:18: warning: service.a.command[1]: ">" is handed to the program as it is: there is no shell`,
		`p.toml:9:36: warning: service.a.command[3]: "2>&1" is handed`,
		`p.toml:10:24: warning: service.a.environment.PATH: names itself, and nothing puts a value in its place`,
		`p.toml:10:50: service.a.environment."A B": is not a variable's name; accepted: such as LANG, without "=" and blanks`,
	}},
	{"signs", "[service.a]\ncommand = [\"/x\"]\nready = { file = \"/run/x\" }\nwritable = [\"/run\"]\n[service.b]\ncommand = [\"/x\"]\nready = { file = \"/run/x\" }\nwritable = [\"/run\"]\n[service.c]\ncommand = [\"/x\"]\nready = { file = \"/run/\" }\n", []string{
		`p.toml:14:18: service.b.ready.file: /run/x is the sign of service.a, which would make both look ready; accepted: a file of its own`,
		`p.toml:18:18: service.c.ready.file: accepted: the absolute path of a file without . or ..`,
	}},
	{"disks of guests", "[run]\nmemory = \"2G\"\n[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\noptions = [\"ro\"]\n[vm.a.disk.a]\npath = \"/srv/a.qcow2\"\nread_only = true\n[vm.a.disk.b]\npath = \"/srv/b.raw\"\nformat = \"qcow2\"\n", []string{
		`p.toml:14:1: warning: vm.a.disk.a.format: is raw, and the name of /srv/a.qcow2 says qcow2; accepted: format = "qcow2", or another name`,
		`p.toml:18:8: vm.a.disk.b.path: /srv/b.raw lies in /srv, which is mounted read-only; accepted: read_only = true, or a file in a file system that can be written to`,
		`p.toml:19:10: warning: vm.a.disk.b.format: is qcow2, and the name of /srv/b.raw says raw`,
	}},
	{"hardware addresses of guests", "[run]\nmemory = \"2G\"\n[bridge.b]\nmac = \"02:00:00:00:00:01\"\nno_address = true\n[vm.a]\nkernel = \"/k\"\n[vm.a.nic.a]\nbridge = \"b\"\nmac = \"02:00:00:00:00:01\"\n[vm.a.nic.b]\nbridge = \"b\"\nmac = \"00:00:00:00:00:00\"\n", []string{
		`p.toml:17:7: vm.a.nic.a.mac: 02:00:00:00:00:01 is that of b already`,
		`p.toml:20:7: vm.a.nic.b.mac: 00:00:00:00:00:00 is not an interface's address`,
	}},
	{"folders for everybody, and of nobody", "[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n[mount.\"/cd\"]\nsource = \"/dev/sr0\"\ntype = \"iso9660\"\n[user.u]\n[share.nfs.a]\npath = \"/srv/a\"\nclients = [\"0.0.0.0/0\"]\n" +
		"[share.nfs.b]\npath = \"/srv/b\"\nclients = [\"192.0.2.0/24\"]\nowner = \"u\"\n[share.nfs.c]\npath = \"/srv/b\"\nclients = [\"198.51.100.0/24\", \"192.0.2.0/24\"]\nread_only = true\n[share.nfs.d]\npath = \"/cd/d\"\nclients = [\"192.0.2.0/24\"]\n" +
		"[share.nfs.e]\npath = \"/cd/e\"\nclients = [\"192.0.2.0/24\"]\ncreate = true\n", []string{
		`p.toml:17:12: warning: share.nfs.a.clients[0]: 0.0.0.0/0 is everybody who reaches this machine, and clients say themselves whose files they may read`,
		`p.toml:21:9: share.nfs.b.owner: is whose folder is made, and none is; accepted: with create = true`,
		`p.toml:24:31: share.nfs.c.clients[1]: 192.0.2.0/24 has /srv/b by share.nfs.b already; accepted: each network in one row of a folder`,
		`p.toml:26:1: warning: share.nfs.d: lets clients write, and /cd is mounted read-only; accepted: read_only = true`,
		`p.toml:32:10: share.nfs.e.create: would make /cd/e in /cd, which is mounted read-only`,
	}},
}
