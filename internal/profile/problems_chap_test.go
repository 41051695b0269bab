package profile

// Disks by iSCSI, and who proves what to whom.
var chapProblems = []problemCase{
	{"initiators that prove themselves", sound + static + disk("a", "user = \"anna\"\npassword_file = \"/etc/chap\"\nlisten = [\"192.0.2.1\"]\n"), nil},
	{"both sides prove themselves", sound + disk("a", "user = \"anna\"\npassword_file = \"/etc/a\"\nmutual_user = \"nas\"\nmutual_password_file = \"/etc/b\"\ninitiators = [\"iqn.2026-01.example:c\"]\n"), nil},
	{"names that were meant to be enough", sound + disk("a", "insecure = true\ninitiators = [\"iqn.2026-01.example:c\"]\n"), nil},
	{"a name is no proof", sound + disk("a", "initiators = [\"iqn.2026-01.example:c\"]\n"), []string{
		`p.toml:11:1: share.iscsi.a: asks for no password, and an initiator's name is no proof: anybody can say it; accepted: user and password_file (CHAP), or insecure = true where that is meant`,
	}},
	{"insecure, and nobody is named", sound + disk("a", "insecure = true\n"), []string{
		`p.toml:14:12: share.iscsi.a.insecure: lets anybody in, whatever his name; accepted: beside initiators`,
	}},
	{"insecure beside a password", sound + disk("a", "insecure = true\nuser = \"anna\"\npassword_file = \"/etc/a\"\n"), []string{
		`p.toml:14:12: share.iscsi.a.insecure: says that no password is asked for, and user and password_file ask for one; accepted: one or the other`,
	}},
	{"halves of accounts", sound + disk("a", "user = \"anna\"\nmutual_password_file = \"/etc/b\"\n"), []string{
		`p.toml:11:1: share.iscsi.a: user and password_file go together; accepted: both or neither`,
		`p.toml:11:1: share.iscsi.a: mutual_user and mutual_password_file go together; accepted: both or neither`,
	}},
	{"the target alone proves itself", sound + disk("a", "mutual_user = \"nas\"\nmutual_password_file = \"/etc/b\"\ninitiators = [\"iqn.2026-01.example:c\"]\ninsecure = true\n"), []string{
		`p.toml:14:15: share.iscsi.a.mutual_user: goes with user and password_file: the initiator proves itself first`,
	}},
	{"one password for both sides", sound + disk("a", "user = \"anna\"\npassword_file = \"/etc/a\"\nmutual_user = \"nas\"\nmutual_password_file = \"/etc/a\"\n"), []string{
		`p.toml:17:24: share.iscsi.a.mutual_password_file: is that of the initiators' password of share.iscsi.a: `,
	}},
	{"a password in place of its file", sound + disk("a", "user = \"anna b\"\npassword_file = \"correct horse\"\n"), []string{
		`p.toml:14:8: share.iscsi.a.user: is not an account; accepted: up to 255 characters without blanks`,
		`p.toml:15:17: share.iscsi.a.password_file: is not the absolute path of a file; accepted: such as`,
	}},
	{"ports that are taken", sound + static + disk("a", "user = \"anna\"\npassword_file = \"/etc/a\"\nlisten = [\"192.0.2.1\", \"0.0.0.0\", \"192.0.2.9\"]\n") +
		"[share.iscsi.b]\ntarget = \"iqn.2026-01.example:b\"\nsource = \"/srv/b\"\nuser = \"anna\"\npassword_file = \"/etc/a\"\n", []string{
		`p.toml:19:24: share.iscsi.a.listen[1]: 0.0.0.0 is no address; accepted: addresses of this machine, or no listen for all`,
		`p.toml:19:35: share.iscsi.a.listen[2]: no interface has 192.0.2.9 or could get it, so nobody reaches the disk; accepted: 192.0.2.1, no listen for all`,
		`p.toml:20:1: share.iscsi.b.listen: is missing: on all addresses the port would not be free for share.iscsi.a; accepted: listen in all rows, or in none`,
	}},
}

// disk is a row of iSCSI, in a file system that stays.
func disk(name, more string) string {
	return "[mount.\"/srv\"]\nsource = \"LABEL=srv\"\ntype = \"ext4\"\n[share.iscsi." + name + "]\ntarget = \"iqn.2026-01.example:" + name + "\"\nsource = \"/srv/" + name + "\"\n" + more
}
