package profile

// Words and values, each for itself.
var textProblems = []problemCase{
	{"sound", sound, nil},
	{"unknown keys, all of them", "sumary = \"x\"\n[kernl]\n" + sound, []string{
		`p.toml:1:1: sumary: unknown key; did you mean summary?; accepted here: `,
		`p.toml:2:1: kernl: unknown key; did you mean kernel?; accepted here: `,
	}},
	{"unknown key in a named row", sound + "[ethernet.lan]\ndhpc4 = true\n", []string{
		`p.toml:9:1: ethernet.lan.dhpc4: unknown key; did you mean dhcp4?; accepted here: match, dhcp4, `,
	}},
	{"wrong types", "formats = \"kernel\"\n[run]\nmemory = 512\ncpus = \"two\"\n" + sound, []string{
		`p.toml:1:11: formats: is the string "kernel"; accepted: a list, each a string: kernel, uki, disk, iso, netboot`,
		`p.toml:3:10: run.memory: is the number 512; accepted: a string: a whole number with K, M, G or T (1024 each), such as 512M`,
		`p.toml:4:8: run.cpus: is the string "two"; accepted: a whole number: 1 to 64`,
	}},
	{"typed values die at their place", sound + "[ethernet.lan]\naddresses = [\"192.0.2.1/24\", \"192.0.2.300/24\"]\nmatch = { mac = \"52:54\" }\n", []string{
		`p.toml:9:30: ethernet.lan.addresses[1]: "192.0.2.300/24" is not an address with its prefix length, such as "192.0.2.1/24"`,
		`p.toml:10:17: ethernet.lan.match.mac: "52:54" is not a MAC address; accepted: six octets, such as 52:54:00:12:34:56`,
	}},
	{"duplicate key", "summary = \"a\"\nsummary = \"b\"\n" + sound, []string{
		`p.toml:2:1: summary: Key 'summary' has already been defined.`,
	}},
	{"syntax", "summary = \"a\n" + sound, []string{`p.toml:1:13: summary: strings cannot contain newlines`}},
	{"required key", sound + "[mount.\"/srv\"]\ntype = \"ext4\"\n", []string{
		`p.toml:8:1: mount."/srv": needs a key "source": a string`,
	}},
	{"dotted sysctl", sound + "[sysctl]\nnet.ipv4.ip_forward = 1\n", []string{
		`p.toml:9:1: sysctl.net: is a table; accepted: a string or number. A key with dots is quoted: "a.b.c" = 1`,
	}},
	{"numbers for sysctls", sound + "[sysctl]\n\"net.ipv4.ip_forward\" = 1\n", nil},
	{"misspelt words of uinit's", sound + "[service.a]\ncommand = [\"/a\"]\nrestart = \"allways\"\n[site]\nallow = [\"hostnam\"]\n[array.a]\nlevel = 1\n", []string{
		`p.toml:10:11: service.a.restart: "allways" is not a restart policy; accepted: always, on-failure, never; did you mean always?`,
		`p.toml:12:10: site.allow[0]: "hostnam" is not something that site.toml can change; accepted: hostname, password_hash, authorized_keys, addresses, vlans, wireguard, time_servers, log_server; did you mean hostname?`,
		`p.toml:14:9: array.a.level: is the number 1; accepted: a string: linear, raid0, raid1, raid4, raid5, raid6, raid10`,
	}},
	{"unknown format", "formats = [\"kernal\"]\n" + sound, []string{
		`p.toml:1:12: formats[0]: "kernal" is not a format; accepted: kernel, uki, disk, iso, netboot, update; did you mean kernel?`,
	}},
	{"modes", sound + "[image.modes]\n\"/etc/a\" = \"0600\"\n\"/etc/b\" = \"usual\"\n\"/etc/c\" = \"600\"\n\"/etc/d\" = 0o600\n\"/etc/e\" = \"0680\"\n\"/etc/f\" = \"u=rw\"\n\"etc/g\" = \"0600\"\n\"/etc/[h\" = \"0600\"\n\"/etc/../i\" = \"0600\"\n", []string{
		`p.toml:11:12: image.modes."/etc/c": is not a file's mode; accepted: four octal digits such as "0600" or "4755", or "usual"`,
		`p.toml:12:12: image.modes."/etc/d": is the number 384; accepted: a string: four octal digits`,
		`p.toml:13:12: image.modes."/etc/e": is not a file's mode`,
		`p.toml:14:12: image.modes."/etc/f": is not a file's mode`,
		`p.toml:15:11: image.modes."etc/g": is not the path of a file in the image; accepted: such as "/etc/x.key", "/etc/keys/*" or "/srv/**"`,
		`p.toml:16:13: image.modes."/etc/[h": is not the path of a file`,
		`p.toml:17:15: image.modes."/etc/../i": is not the path of a file`,
	}},
}
