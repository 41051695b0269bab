package profile

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Tables and keys that say nothing, and what is of another kind than a key takes.
var vainProblems = []problemCase{
	{"tables that are taken for more", sound + "[secureboot]\n[service.a]\ncommand = [\"/a\"]\nready = {}\n[array.a]\nlevel = \"raid1\"\nmatch = {}\n[dummy.d]\naddresses = [\"192.0.2.1/24\"]\nonline = {}\n", []string{
		`p.toml:8:1: secureboot: is an empty table, which says nothing; accepted: key, cert, or leave the table out`,
		`p.toml:11:9: service.a.ready: is an empty table, which says nothing; accepted: port, file, exit, timeout, or leave the table out`,
		`p.toml:14:9: array.a.match: is an empty table, which says nothing; accepted: uuid, name, members, or`,
		`p.toml:17:10: dummy.d.online: is an empty table, which says nothing; accepted: probe, or`,
	}},
	{"tables without a key", sound + "[time]\n# servers = []\n[log]\n[state]\n[ethernet.a]\nmatch = {}\ndhcp4 = true\n[user.root]\n[watchdog]\n", []string{
		`p.toml:8:1: warning: time: is an empty table, which says nothing; accepted: servers, dhcp, `,
		`p.toml:10:1: warning: log: is an empty table`,
		`p.toml:11:1: warning: state: is an empty table`,
	}},
	{"rows without a key", sound + "[module.loop]\n[packages.ab]\n[packages.cd]\nfiles = []\n", []string{
		`p.toml:8:1: module.loop: says nothing; accepted: load = true, `,
		`p.toml:9:1: packages.ab: takes nothing of the package; accepted: files = `,
	}},
	{"restarts that nobody counts", sound + "[service.a]\ncommand = [\"/a\"]\nrestart_window = \"10m\"\n[service.b]\ncommand = [\"/a\"]\nrestart = \"never\"\nrestart_delay = \"1s\"\nrestart_limit = 3\n[vm.c]\nkernel = \"/k\"\nmemory = \"64M\"\nrestart = \"never\"\nrestart_limit = 3\n", []string{
		`p.toml:10:18: service.a.restart_window: is the time in which restarts count, and without restart_limit nobody counts them; accepted: with restart_limit`,
		`p.toml:14:17: service.b.restart_delay: is for a service that is started again, and restart = "never"; accepted: "on-failure" or "always" there`,
		`p.toml:15:17: service.b.restart_limit: is for a service that is started again`,
		`p.toml:20:17: vm.c.restart_limit: is for a guest that is started again, and restart = "never"`,
	}},
	{"what nobody is asked, and what goes nowhere", sound + "[time]\npoll_min = \"64s\"\npanic = \"10s\"\n[log]\nlevel = \"err\"\nqueue = \"1M\"\nspool_max = \"16M\"\n[disk]\nstate_grow = true\n", []string{
		`p.toml:9:12: time.poll_min: is for time servers, and there are none; accepted: with time.servers, or dhcp = true`,
		`p.toml:10:9: time.panic: is for time servers`,
		`p.toml:12:9: log.level: is for records that go to a server, and log.remote names none; accepted: with log.remote`,
		`p.toml:13:9: log.queue: is for records that go to a server`,
		`p.toml:14:13: log.spool_max: is for a spool, and there is none`,
		`p.toml:16:14: disk.state_grow: is for the state partition, and there is none; accepted: with disk.state`,
	}},
	{"servers that the owner or DHCP may name", sound + "[time]\npoll_min = \"64s\"\n[log]\nlevel = \"err\"\n[site]\nallow = [\"time_servers\", \"log_server\"]\n", nil},
	{"packets that nobody logs, and connections that nothing takes", sound + "[firewall]\nlog = { rate = 10, burst = 20 }\nflow = { table = \"inet filter fast\" }\n", []string{
		`p.toml:9:16: firewall.log.rate: is for records of groups, and none is listened to; accepted: with groups`,
		`p.toml:9:28: firewall.log.burst: is for records of groups`,
		`p.toml:10:18: firewall.flow.table: is what interfaces join, and none does; accepted: with firewall.flow.interfaces`,
	}},
	{"owners of no folder", sound + "[mount.\"/srv\"]\nsource = \"LABEL=srv\"\ntype = \"ext4\"\n[share.nfs.a]\npath = \"/srv/a\"\nclients = [\"192.0.2.0/24\"]\nowner = \"root\"\n", []string{
		`p.toml:14:9: share.nfs.a.owner: is whose folder is made, and none is; accepted: with create = true`,
	}},
	{"screens", strings.Replace(sound, `"]`, `", "console=tty64"]`, 1) + "[console.tty1]\nquiet = true\nspeed = 115200\n[console.hvc0]\nquiet = true\nspeed = 9600\n[console.tty63]\nquiet = true\n[console.tty99]\n[console.tty007]\n[console.ttyS1]\nquiet = true\nlogin = \"off\"\nissue = \"x\"\n", []string{
		`p.toml:4:36: kernel.cmdline[1]: the kernel has no tty64; accepted: console=tty0, or tty1 to tty63`,
		`p.toml:10:9: console.tty1.speed: is for serial lines, and tty1 is none; accepted: on ttyS0 and its like`,
		`p.toml:13:9: console.hvc0.speed: is for serial lines, and hvc0 is none`,
		`p.toml:16:1: console.tty99: the kernel has no tty99; accepted: tty1 to tty63`,
		`p.toml:17:1: console.tty007: the kernel has no tty007; accepted: tty1 to tty63`,
		`p.toml:21:9: console.ttyS1.issue: is for who logs in, and login = "off"; accepted: another login`,
	}},
	{"values of another kind", sound + "[dummy.d]\naddresses = [\"192.0.2.1/24\"]\nmtu = 1500.0\n[run]\ncpus = \"2\"\nmemory = 1e9\ntimeout = 60\n[service.a]\ncommand = [\"/a\"]\nnamespaces = \"net\"\n", []string{
		`p.toml:10:7: dummy.d.mtu: is the number 1500.0; accepted: a whole number: 68 to 65535`,
		`p.toml:12:8: run.cpus: is the string "2"; accepted: a whole number: 1 to 64`,
		`p.toml:13:10: run.memory: is the number 1e+09; accepted: a string: `,
		`p.toml:14:11: run.timeout: is the number 60; accepted: a string: 1s or more`,
		`p.toml:17:14: service.a.namespaces: is the string "net"; accepted: a list, each a string: mount, pid, net, uts, ipc`,
	}},
	{"names that are none", strings.Replace(sound, "[console", "modules = [\"\", \"loop\"]\n[console", 1) + "[module.\"\"]\nload = true\n[module.\"a b\"]\nload = true\n[vm.g]\nkernel = \"/k\"\nmemory = \"64M\"\nnic.a.bridge = \"\"\n", []string{
		`p.toml:5:12: kernel.modules[0]: "" is no module's name; accepted: as lsmod(8) lists them, such as "bonding"`,
		`p.toml:9:1: module."": "" is no module's name`,
		`p.toml:11:1: module."a b": "a b" is no module's name`,
		`p.toml:16:16: vm.g.nic.a.bridge: there is no [bridge.""]`,
	}},
}

// A profile without a name is none that could be looked for, in a profile as on the command line.
func TestNothingToExtend(t *testing.T) {
	find := func(name string, from *File) (File, error) {
		if from == nil {
			return File{Name: "p.toml", Text: []byte("extends = \"\"\n")}, nil
		}
		return Find(fstest.MapFS{"headless.toml": {}})(name, from)
	}
	_, _, err := Load("p.toml", find)
	const want = "p.toml:1:11: extends: no profile is named; accepted: a path such as ./mybox.toml, or one of: headless"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// What a profile keeps of the one that it extends may say nothing any more: it cannot be taken back.
func TestVainKeysOfABase(t *testing.T) {
	files := map[string]string{
		"base.toml": sound + "[service.a]\ncommand = [\"/bin/a\"]\nrestart_limit = 3\nrestart_window = \"5m\"\n",
		"mine.toml": "extends = \"base.toml\"\n[service.a]\nrestart = \"never\"\n",
	}
	if _, problems, err := Load("mine.toml", finder(files)); err != nil || len(problems) > 0 {
		t.Error(err, problems)
	}
}
