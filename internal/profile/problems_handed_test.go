package profile

// What the kernel and programs are handed, and could not take as it is meant.
var handedProblems = []problemCase{
	{"text that ends early", sound + "[service.a]\ncommand = [\"/bin/ls\", \"a\\u0000b\"]\n[service.a.environment]\nA = \"\\u0000\"\n\"B\\u0000\" = \"x\"\n[user.root]\npassword_hash = \"a\\u0000\"\n", []string{
		`p.toml:9:23: service.a.command[1]: has a NUL character, at which text ends for the kernel and for programs; accepted: text without it`,
		`p.toml:11:5: service.a.environment.A: has a NUL character`,
		`p.toml:12:1: service.a.environment."B\x00": has a NUL character in its name; accepted: a name without it`,
		`p.toml:14:17: user.root.password_hash: has a NUL character`,
	}},
	{"names of variables", sound + "[service.a]\ncommand = [\"/a\"]\nenvironment = { \"\" = \"x\", \"A=B\" = \"x\", LANG = \"a=b\\nc\" }\n", []string{
		`p.toml:10:22: service.a.environment."": is not a variable's name; accepted: such as LANG, without "="`,
		`p.toml:10:35: service.a.environment."A=B": is not a variable's name`,
	}},
	{"a guest's kernel line", sound + "[vm.a]\nkernel = \"/k\"\nmemory = \"64M\"\ncmdline = \"a\\nb\"\n", []string{
		`p.toml:11:11: vm.a.cmdline: has a line's end in it; accepted: one line, with blanks between words`,
	}},
	{"parameters of modules", sound + "[module.a.parameters]\n\"\" = 1\n\"b c\" = 1\n\"d=e\" = 1\nf = \"1 2\"\ng = \"1\\n\"\nh = '\"1 2'\ni = '\"1 2\"'\nj = 1\nk = \"\"\n", []string{
		`p.toml:9:6: module.a.parameters."": is not a parameter's name; accepted: as modinfo(8) lists them, such as debug`,
		`p.toml:10:9: module.a.parameters."b c": is not a parameter's name`,
		`p.toml:11:9: module.a.parameters."d=e": is not a parameter's name`,
		`p.toml:12:5: module.a.parameters.f: "1 2" is not one value; accepted: blanks between double quotes only, and no line's end`,
		`p.toml:13:5: module.a.parameters.g: "1\n" is not one value`,
		`p.toml:14:5: module.a.parameters.h: "\"1 2" is not one value`,
	}},
}
