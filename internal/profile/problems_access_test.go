package profile

import "strings"

// grubHash is of the form that grub-mkpasswd-pbkdf2 prints.
const grubHash = "grub.pbkdf2.sha512.10000.0102030405060708.000102030405060708090A0B0C0D0E0F"

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
		`p.toml:9:17: user.root.password_hash: not a password hash; accepted: $y$..., $6$... or $5$...`,
	}},
	{"secrets from elsewhere", sound + "[ssh]\nhost_key_file = { fw_cfg = \"opt/k\" }\n[user.root]\npassword_hash = { fw_cfg = \"opt/hash\" }\nauthorized_keys = [\"" + goodKey + "\"]\n[user.a]\npassword_hash = { file = \"/run/a\" }\n", nil},
	{"secrets from nowhere", sound + `[user.a]
password_hash = { file = "/run/a", fw_cfg = "opt/a" }
nt_hash = { generate = true }
[user.b]
password_hash = {}
nt_hash = { file = "run/b" }
[user.c]
password_hash = { fil = "/run/c" }
nt_hash = { fw_cfg = "../c" }
[user.d]
password_hash = { file = "" }
nt_hash = 5
[user.e]
password_hash = { generate = false }
[ssh]
host_key_file = { generate = true }
[wireguard.w]
private_key_file = { generate = true }
[wireguard.w.peer.p]
public_key = "jSD4x7v7mvPaTvUy7UTvxozmQrxdDFyx17kblsdO3wI="
preshared_key_file = { generate = true }
[wireguard.v]
private_key_file = { file = "/run/v", fw_cfg = "opt/v" }
` + disk("x", "user = \"anna\"\npassword_file = { fw_cfg = \"/opt\" }\nmutual_user = \"nas\"\nmutual_password_file = { generate = true }\n"), []string{
		`p.toml:9:17: user.a.password_hash: names more than one source; accepted: one of file, fw_cfg, generate`,
		`p.toml:10:11: warning: user.a.nt_hash: is for shares by SMB`,
		`p.toml:10:24: user.a.nt_hash.generate: is for keys that the box alone has to know, and this secret somebody else has to know, too; accepted: file or fw_cfg`,
		`p.toml:12:17: user.b.password_hash: is a table; accepted: a string: $y$..., $6$... or $5$..., as "imgbuild hash" or "mkpasswd -m yescrypt" print them; or a table with one of file, fw_cfg, generate`,
		`p.toml:13:11: warning: user.b.nt_hash: is for shares by SMB`,
		`p.toml:13:20: user.b.nt_hash.file: is not the absolute path of a file; accepted: such as /state/nt_hash`,
		`p.toml:15:19: user.c.password_hash.fil: unknown key; did you mean file?; accepted here: file, fw_cfg, generate`,
		`p.toml:16:11: warning: user.c.nt_hash: is for shares by SMB`,
		`p.toml:16:22: user.c.nt_hash.fw_cfg: "../c" is no name of fw_cfg; accepted: up to 55 letters, digits, - _ . and /, such as opt/org.example/hash`,
		`p.toml:18:26: user.d.password_hash.file: is the string "", which says nothing here`,
		`p.toml:19:11: user.d.nt_hash: is a number; accepted: a string: 32 hexadecimal digits`,
		`p.toml:21:30: user.e.password_hash.generate: is false, which says nothing here`,
		`p.toml:23:30: ssh.host_key_file.generate: is what the box does anyhow, in the folder ssh.state; accepted: leave host_key_file out`,
		`p.toml:25:33: wireguard.w.private_key_file.generate: has nowhere to keep what it makes; accepted: state.path as well, or the path of a file in place of the table`,
		`p.toml:28:35: wireguard.w.peer.p.preshared_key_file.generate: is for keys that the box alone has to know`,
		`p.toml:30:20: wireguard.v.private_key_file: names more than one source`,
		`p.toml:38:28: share.iscsi.x.password_file.fw_cfg: "/opt" is no name of fw_cfg; accepted: `,
		`p.toml:40:37: share.iscsi.x.mutual_password_file.generate: is for keys that the box alone has to know`,
	}},
	{"a password of GRUB's", sound + "[boot]\npassword_hash = \"secret\"\n", []string{
		`p.toml:9:17: boot.password_hash: not a password hash of GRUB; accepted: grub.pbkdf2.sha512.ITERATIONS.SALT.HASH, as "imgbuild hash --grub" prints it`,
	}},
	{"a password of GRUB's where there is no GRUB", sound + "[boot]\npassword_hash = \"" + grubHash + "\"\n", []string{
		`p.toml:9:17: warning: boot.password_hash: has no effect: no boot menu is in what is written; accepted: disk, iso or update among the formats`,
	}},
	{"a password of GRUB's where there is one", "formats = [\"iso\"]\n" + sound + "[boot]\npassword_hash = \"" + grubHash + "\"\n", nil},
	{"a shell without a password", strings.Replace(sound, "host_password = true", "host_password = true\nrescue_without_password = true", 1), nil},
	{"a door for the host", strings.Replace(sound, `["console=`, `["uinit.test", "console=`, 1), []string{
		`p.toml:4:12: warning: kernel.cmdline[0]: lets whoever runs this image as a virtual machine run commands in it as root`,
	}},
	{"no kernel", strings.Replace(sound, "package", "#", 1), []string{`p.toml:2:1: kernel: names no kernel; accepted: `}},
	{"check of a console that is not there", sound + "[check.x]\nconsole = \"ttyS1\"\nexpect = \"x\"\n", []string{
		`p.toml:9:11: check.x.console: there is no [console.ttyS1]; did you mean ttyS0?`,
	}},
	{"what the owner may change", sound + "[site]\nallow = [\"hostname\", \"vlan\", \"hostname\", \"authorized_keys\"]\nwait = \"5m\"\n", []string{
		`p.toml:9:22: site.allow[1]: "vlan" is not something that site.toml can change; accepted: hostname, password_hash, authorized_keys, addresses`,
		`p.toml:9:30: site.allow[2]: hostname is there already`,
		`p.toml:9:42: warning: site.allow[3]: is for an SSH server`,
		`p.toml:10:8: site.wait: is 5m; accepted: 1s to 2m`,
	}},
	{"a table that allows nothing", sound + "[site]\n", []string{`p.toml:8:1: site: needs a key "allow": a list, each a string: hostname, password_hash, authorized_keys,`}},
	{"a way in that the owner brings", closed + lan + "[site]\nallow = [\"authorized_keys\"]\n[ssh]\n", nil},
	{"a password that the owner brings", strings.Replace(sound, "host_password = true", "host_password = false", 1) + "[site]\nallow = [\"password_hash\"]\n", nil},
	{"ssh alone lets in", closed + lan + "[ssh]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n[watchdog]\n[check.x]\nunit = \"service:ssh\"\n", nil},
	{"ssh without keys", sound + "[ssh]\n", []string{
		`p.toml:8:1: ssh: nobody could log in by SSH: no account has keys; accepted: user.NAME.authorized_keys, or `,
	}},
	{"ssh that makes no sense", sound + "[service.ssh]\ncommand = [\"/bin/x\"]\n[ssh]\nport = 70000\nmax_pending = 2000\nstate = \"/var\"\npassword = true\n", []string{
		`p.toml:8:1: service.ssh: is the name of a server that [ssh] asks for`,
		`p.toml:11:8: ssh.port: is 70000; accepted: 1 to 65535`,
		`p.toml:12:15: ssh.max_pending: is 2000; accepted: 1 to 1000`,
		`p.toml:13:9: ssh.state: /var lies in memory and is gone after the boot; accepted: `,
	}},
	{"ssh without root", closed + lan + "[ssh]\nroot = false\nreserved_from = [\"192.0.2.1/24\"]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n[user.ann]\nauthorized_keys = [\"" + goodKey + "\"]\n[watchdog]\n[check.x]\nunit = \"service:ssh\"\n", []string{
		`p.toml:12:18: ssh.reserved_from[0]: 192.0.2.1/24 is an address in a network; accepted: the network, 192.0.2.0/24`,
		`p.toml:14:19: warning: user.root.authorized_keys: let nobody in: ssh.root = false keeps root out; accepted: `,
	}},
	{"an account for files alone", closed + lan + "[ssh]\n[user.up]\nauthorized_keys = [\"" + goodKey + "\"]\nsftp_only = \"/srv/upload\"\nhome = \"/srv/upload/up\"\n[watchdog]\n[check.x]\nunit = \"service:ssh\"\n", nil},
	{"accounts for files alone that make no sense", sound + "[ssh]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\nsftp_only = \"/srv/a\"\n[user.a]\nshell = \"/bin/bash\"\nsftp_only = \"/srv/a\"\n[user.b]\nsftp_only = \"srv\"\n[user.c]\nsftp_only = \"/\"\n[user.d]\nsftp_only = \"/srv/../home/d\"\n[user.e]\nuid = 0\nsftp_only = \"/srv/a\"\n", []string{
		`p.toml:6:1: access: nobody could log in: SSH is the only way in`,
		`p.toml:11:13: user.root.sftp_only: root would leave any directory; accepted: another account`,
		`p.toml:14:13: user.a.sftp_only: the account gets no shell, and shell names one; accepted: one of both`,
		`p.toml:16:13: user.b.sftp_only: "srv" is no directory below which anything could be kept apart; accepted: an absolute path`,
		`p.toml:18:13: user.c.sftp_only: "/" is no directory`,
		`p.toml:20:13: user.d.sftp_only: "/srv/../home/d" is no directory`,
		`p.toml:22:7: user.e.uid: 0 belongs to root already`,
		`p.toml:23:13: user.e.sftp_only: root would leave any directory`,
	}},
	{"files alone, and no server", sound + "[user.a]\nsftp_only = \"/srv/a\"\n", []string{
		`p.toml:9:13: user.a.sftp_only: serves nobody: there is no [ssh]; accepted: with an [ssh]`,
	}},
	{"ssh that keeps all out", closed + lan + "[ssh]\nroot = false\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n", []string{
		`p.toml:6:1: access: nobody could log in: no console`,
		`p.toml:10:1: ssh: nobody could log in by SSH: root is kept out, and nobody else has keys; accepted: `,
		`p.toml:13:19: warning: user.root.authorized_keys: let nobody in`,
	}},
	{"two servers at one port", sound + "[ssh]\nport = 2049\nlisten = [\"192.0.2.1\"]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n[mount.\"/srv\"]\nsource = \"LABEL=a\"\ntype = \"ext4\"\n[share.nfs.a]\npath = \"/srv/a\"\nclients = [\"192.0.2.0/24\"]\n[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]\n", []string{
		`p.toml:16:1: share.nfs: port 2049 is that of the SSH server (p.toml:9:8); accepted: another port, or other addresses to listen on`,
	}},
	{"two servers at one port of other addresses", sound + "[ssh]\nport = 3260\nlisten = [\"192.0.2.2\"]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n[mount.\"/srv\"]\nsource = \"LABEL=a\"\ntype = \"ext4\"\n[share.iscsi.a]\nsource = \"/srv/a\"\nsize = \"1G\"\ntarget = \"iqn.2026-01.example:a\"\ninitiators = [\"iqn.2026-01.example:b\"]\ninsecure = true\nlisten = [\"192.0.2.1\"]\n[ethernet.lan]\naddresses = [\"192.0.2.1/24\", \"192.0.2.2/24\"]\n", nil},
	{"metrics", sound + "[metrics]\nfrom = [\"192.0.2.0/24\"]\n[ethernet.lan]\ndhcp4 = true\n[check.x]\nunit = \"service:metrics\"\n", nil},
	{"metrics that make no sense", sound + "[metrics]\nport = 22\nlisten = [\"192.0.2.9\", \"192.0.2.1\"]\nfrom = [\"192.0.2.1/24\"]\n[ssh]\n[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]\nra = false\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n", []string{
		`p.toml:10:11: metrics.listen[0]: no interface has 192.0.2.9 or could get it, so nobody reaches the server of metrics; accepted: 192.0.2.1, no listen for all`,
		`p.toml:11:9: metrics.from[0]: 192.0.2.1/24 is an address in a network; accepted: the network, 192.0.2.0/24`,
		`p.toml:12:1: ssh.port: port 22 is that of the server of metrics (p.toml:9:8); accepted: another port, or other addresses to listen on`,
	}},
	{"metrics in doubt", sound + "[metrcs]\n[service.a]\ncommand = [\"/bin/a\"]\nneeds = [\"metrics\", \"service:metrics\"]\n", []string{
		`p.toml:8:1: metrcs: unknown key; did you mean metrics?; accepted here: `,
	}},
	{"metrics at odd addresses", sound + "[metrics]\nlisten = [\"0.0.0.0\", \"192.0.2.1\", \"192.0.2.1\", \"fe80::1\"]\n[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]\n", []string{
		`p.toml:9:11: metrics.listen[0]: 0.0.0.0 is no address; accepted: addresses of this machine, or no listen for all`,
		`p.toml:9:35: metrics.listen[2]: 192.0.2.1 is there already; accepted: each once`,
		`p.toml:9:48: metrics.listen[3]: fe80::1 is on every link, and its interface is not named; accepted: such as fe80::1%lan`,
	}},
	{"metrics without a port", sound + "[metrics]\nport = 70000\n[ethernet.lan]\ndhcp4 = true\n", []string{`p.toml:9:8: metrics.port: is 70000; accepted: 1 to 65535`}},
	{"limits of sessions", sound + "[user.ann]\nmemory = \"64M\"\npids = 100\n[user.bob]\nmemory = \"8M\"\npids = -1\n", []string{
		`p.toml:12:10: user.bob.memory: is 8M, and a shell would be ended as it starts; accepted: 16M and up`,
		`p.toml:13:8: user.bob.pids: is -1; accepted: 1 or more`,
	}},
	{"ssh on no address", sound + "[ssh]\nlisten = [\"here\"]\n", []string{
		`p.toml:9:11: ssh.listen[0]: "here" is not an IP address, such as "192.0.2.1"`,
	}},
	{"keys that are none", closed + lan + "[ssh]\n[user.root]\nauthorized_keys = [\"ssh-ed25519 AAAA\", \"-----BEGIN OPENSSH PRIVATE KEY-----\", \"ssh-ed448 " + goodKey[12:] + "\", \"ssh-dss AAAA x\", \"\", \"agent-forwarding " + goodKey + "\"]\n", []string{
		`p.toml:12:20: user.root.authorized_keys[0]: is not whole: the line says ssh-ed25519, and the key in it does not; accepted: one line as in ~/.ssh/id_ed25519.pub: ssh-ed25519, `,
		`p.toml:12:40: user.root.authorized_keys[1]: is a private key, which belongs to its owner alone; accepted: `,
		`p.toml:12:79: user.root.authorized_keys[2]: is of the algorithm ssh-ed448, which the server does not know; accepted: `,
		`p.toml:12:172: user.root.authorized_keys[3]: is a DSA key, `,
		`p.toml:12:190: user.root.authorized_keys[4]: is no key; accepted: `,
		`p.toml:12:194: user.root.authorized_keys[5]: has an option "agent-forwarding", which the server does not know`,
	}},
	{"one string for a list of keys", sound + "[user.root]\nauthorized_keys = \"-----BEGIN OPENSSH PRIVATE KEY-----\"\n", []string{
		`p.toml:9:19: user.root.authorized_keys: is a string; accepted: a list, each a string`,
	}},
	{"hashes that match nothing", sound + "[user.root]\npassword_hash = \"" + goodHash[:len(goodHash)-1] + "\"\n[user.a]\npassword_hash = \"!\"\n[user.b]\npassword_hash = \"$6$rounds=10$saltsalt$" + goodHash[12:] + "\"\n[user.c]\npassword_hash = \"$1$salt$hash\"\n", []string{
		`p.toml:9:17: user.root.password_hash: a password hash of 85 characters after the salt, where 86 belong; accepted: $y$..., `,
		`p.toml:11:17: user.a.password_hash: not a password hash (an account without one is locked); accepted: `,
		`p.toml:13:17: user.b.password_hash: a password hash whose rounds are not 1000 to 999999999; accepted: `,
		`p.toml:15:17: user.c.password_hash: not a password hash; accepted: `,
	}},
	{"a whole hash", closed + "[user.root]\npassword_hash = \"" + goodHash + "\"\n", nil},
	{"a password that opens nothing", closed + "[user.a]\npassword_hash = \"" + goodHash + "\"\nshell = \"/usr/sbin/nologin\"\n", []string{
		`p.toml:6:1: access: nobody could log in: no console with autologin`,
	}},
	{"consoles that are all off", closed + "[console.ttyS0]\nlogin = \"off\"\n[user.root]\npassword_hash = \"" + goodHash + "\"\n", []string{
		`p.toml:8:1: console: Key 'console.ttyS0' has already been defined`,
	}},
	{"a key without a shell", closed + lan + "[ssh]\n[user.a]\nshell = \"/bin/false\"\nauthorized_keys = [\"" + goodKey + "\"]\n", []string{
		`p.toml:6:1: access: nobody could log in: `,
		`p.toml:10:1: ssh: nobody could log in by SSH: whoever has a key has no shell; accepted: `,
	}},
	{"keys that a mount hides", closed + lan + "[ssh]\n[user.a]\nauthorized_keys = [\"" + goodKey + "\"]\n[user.root]\nhome = \"/tmp/r\"\nauthorized_keys = [\"" + goodKey + "\"]\n[mount.\"/home\"]\nsource = \"LABEL=home\"\ntype = \"ext4\"\n", []string{
		`p.toml:12:19: user.a.authorized_keys: lie in /home/a/.ssh of the image, and what is mounted at /home hides them; accepted: another user.a.home, or the keys in that file system instead`,
		`p.toml:15:19: user.root.authorized_keys: lie in /tmp/r/.ssh of the image, and what is mounted at /tmp hides them; accepted: another user.root.home, for this place is empty at each boot`,
	}},
	{"keys in a file system alone", closed + lan + "[ssh]\n[user.a]\n[mount.\"/home\"]\nsource = \"LABEL=home\"\ntype = \"ext4\"\n", []string{
		`p.toml:10:1: warning: ssh: only who has a key in the file system at /home can log in by SSH: `,
	}},
	{"keys of root in a file system alone", closed + lan + "[ssh]\n[mount.\"/root\"]\nsource = \"LABEL=root\"\ntype = \"ext4\"\n", []string{
		`p.toml:10:1: warning: ssh: only who has a key in the file system at /root can log in by SSH: `,
	}},
	{"a home in a file system, and no shell", closed + lan + "[ssh]\n[user.a]\nshell = \"/bin/false\"\n[mount.\"/home\"]\nsource = \"LABEL=home\"\ntype = \"ext4\"\n", []string{
		`p.toml:6:1: access: nobody could log in: `,
		`p.toml:10:1: ssh: nobody could log in by SSH: no account has keys; accepted: `,
	}},
	{"ssh without a network", closed + "[ssh]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n", []string{
		`p.toml:6:1: access: nobody could log in: SSH is the only way in, and there is no interface; accepted: `,
	}},
	{"ssh with a network by the kernel line", strings.Replace(closed, "115200\"", "115200\", \"ip=dhcp\"", 1) + "[ssh]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n", nil},
	{"ssh on addresses that nobody has", closed + static + "[ssh]\nlisten = [\"198.51.100.7\"]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n", []string{
		`p.toml:6:1: access: nobody could log in: `,
		`p.toml:11:1: ssh: nobody could log in by SSH: it listens on no address that another machine reaches; accepted: `,
		`p.toml:12:11: ssh.listen[0]: no interface has 198.51.100.7 or could get it, so nobody reaches the SSH server; accepted: 192.0.2.1, no listen for all`,
	}},
	{"ssh on all kinds of addresses", sound + static + "[ssh]\npassword = true\nlisten = [\"192.0.2.1\", \"224.0.0.1\", \"fe80::1\", \"fe80::1%lna\", \"fe80::1%lan\", \"127.0.0.1\", \"2001:db8::5\", \"::\"]\n", []string{
		`p.toml:13:24: ssh.listen[1]: 224.0.0.1 is a group's address; accepted: an address of this machine`,
		`p.toml:13:37: ssh.listen[2]: fe80::1 is on every link, and its interface is not named; accepted: such as fe80::1%lan`,
		`p.toml:13:48: ssh.listen[3]: fe80::1%lna is on every link, and its interface is not named; did you mean lan?; accepted: such as fe80::1%lan`,
		`p.toml:13:91: ssh.listen[6]: no interface has 2001:db8::5 or could get it, so nobody reaches the SSH server; accepted: 192.0.2.1, no listen for all`,
	}},
	{"ssh on an address that DHCP may bring", closed + lan + "[ssh]\nlisten = [\"198.51.100.7\"]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n", []string{
		`p.toml:11:11: warning: ssh.listen[0]: no row gives an interface 198.51.100.7: unless DHCP or a router brings it, nobody reaches the SSH server`,
	}},
	{"ssh on loopback alone", closed + static + "[ssh]\nlisten = [\"127.0.0.1\"]\n[user.root]\nauthorized_keys = [\"" + goodKey + "\"]\n", []string{
		`p.toml:6:1: access: nobody could log in: `,
		`p.toml:11:1: ssh: nobody could log in by SSH: it listens on no address`,
	}},
}

// closed is sound, and lets nobody in.
var closed = strings.Replace(sound, "host_password = true", "host_password = false", 1)

const (
	lan    = "[ethernet.lan]\ndhcp4 = true\n"
	static = "[ethernet.lan]\nra = false\naddresses = [\"192.0.2.1/24\"]\n"
	// goodKey and goodHash are whole; nobody has the private key.
	goodKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL eve@laptop"
	goodHash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
)
