package build

import (
	"cmp"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// checkedIn is what "imgbuild check" says of a text beside overlays; "" where it is content.
func checkedIn(t *testing.T, text string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		buildtest.Write(t, filepath.Join(dir, name), content)
	}
	mine := filepath.Join(dir, "mine.toml")
	buildtest.Write(t, mine, text)
	p, _, err := profile.Load(mine, profile.Find(profiles.FS))
	if err == nil {
		var warnings profile.Problems
		if warnings, err = Check(p); len(warnings) > 0 {
			err = warnings
		}
	}
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), dir+"/", "")
}

// A file that a key names, and that nothing brings, is told before anything is built: any key's, whether a program or not. What lies
// below a mount, or what the box makes, nobody knows here.
func TestFilesThatNothingBrings(t *testing.T) {
	const mounted = "[mount.\"/srv\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n"
	const iscsi = "[share.iscsi.a]\ntarget = \"iqn.2026-01.example:a\"\nsource = \"/dev/vdb\"\nuser = \"a\"\npassword_file = "
	const tunnel = "[wireguard.wg0]\nprivate_key_file = \"/srv/wg.key\"\naddresses = [\"192.0.2.1/24\"]\n[wireguard.wg0.peer.a]\npublic_key = \"QiyOemIn17yhNQs+K7cnn3iXuHu2hUt4PGDoAxGuMHk=\"\npreshared_key_file = "
	const logged = "[log]\nremote = \"tls://192.0.2.1\"\nca = "
	for _, tc := range []struct{ text, key string }{ // each ends where the file's name stands
		{logged, "log.ca"},
		{"[vm.a]\nkernel = ", "vm.a.kernel"},
		{"[vm.a]\nkernel = \"/etc/there\"\ninitrd = ", "vm.a.initrd"},
		{"[vm.a.disk.a]\npath = ", "vm.a.disk.a.path"},
		{iscsi, "share.iscsi.a.password_file"},
		{iscsi + "\"/srv/a\"\nmutual_user = \"b\"\nmutual_password_file = ", "share.iscsi.a.mutual_password_file"},
		{"[share.iscsi.a]\ntarget = \"iqn.2026-01.example:a\"\ninitiators = [\"iqn.2026-01.example:b\"]\ninsecure = true\nsource = ", "share.iscsi.a.source"},
		{tunnel, "wireguard.wg0.peer.a.preshared_key_file"},
		{"[user.bob]\nshell = ", "user.bob.shell"},
		{"[service.a]\ncommand = ", "service.a.command"},
	} {
		for file, bad := range map[string]bool{"/etc/not": true, "/etc/there": false, "/srv/somewhere": false, "/usr/lib/there": false, "/lib/there": false} {
			value := "\"" + file + "\""
			if tc.key == "service.a.command" {
				value = "[" + value + "]"
			}
			text := "extends = \"headless\"\nimage = { overlays = [\"headless\", \"files\"] }\n" + mounted + tc.text + value + "\n"
			files := map[string]string{"files/etc/there": "#!/bin/sh\n", "files/usr/lib/there": "#!/bin/sh\n"}
			if at := "files" + plan.MergedUsr(file); files[at] != "" {
				files[at] = cmp.Or(map[string]string{"log.ca": certificate(t), "wireguard.wg0.peer.a.preshared_key_file": tunnelKey}[tc.key], "#!/bin/sh\n")
			}
			got := checkedIn(t, text, files)
			if bad && !strings.Contains(got, ": "+tc.key+": nothing brings /etc/not") || !bad && got != "" {
				t.Errorf("%s = %s: %s", tc.key, value, got)
			}
		}
	}
	for text, want := range map[string]string{
		"[vm.a.disk.a]\npath = \"/srv/a.img\"\ncreate = true\nsize = \"1M\"\n": "",
		logged + "\"/run/made\"\n":                                                "",
		"[packages.xy]\nwhole = true\n" + logged + "\"/etc/not\"\n":               "", // the build finds out
		"[packages.xy]\nfiles = [\"/etc/x.pem\"]\n" + logged + "\"/etc/x.pem\"\n": "",
		"[packages.xy]\nfiles = [\"/etc/x.pem\"]\n" + logged + "\"/etc/y.pem\"\n": `mine.toml:9:6: log.ca: nothing brings /etc/y.pem; did you mean /etc/x.pem?; accepted: a file of an overlay`,
	} {
		if got := checkedIn(t, "extends = \"headless\"\n"+mounted+text, nil); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// A key that a box would make at each boot is worth a look, unless it says so itself: one that lasts, or that the image brings, is not.
func TestKeysOfTunnelsThatDontLast(t *testing.T) {
	for file, bad := range map[string]bool{"/etc/wg/key": true, "/var/lib/key": true, "/tmp/key": true, "/srv/keys/wg0": false, "/run/key": false, "/etc/there": false} {
		text := "extends = \"headless\"\nimage = { overlays = [\"headless\", \"files\"] }\n[mount.\"/srv\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n[mount.\"/tmp\"]\nsource = \"tmpfs\"\ntype = \"tmpfs\"\n" +
			"[wireguard.wg0]\nno_address = true\nprivate_key_file = \"" + file + "\"\n"
		got := checkedIn(t, text, map[string]string{"files/etc/there": map[bool]string{true: tunnelKey}[file == "/etc/there"]})
		if want := "mine.toml:11:20: warning: wireguard.wg0.private_key_file: " + file + " lies in memory"; bad && !strings.HasPrefix(got, want) || !bad && got != "" {
			t.Errorf("%s: %q", file, got)
		}
	}
}

// What is to be replaced is a file of an overlay: /usr may be left out where the image's links lead there.
func TestReplaceNamesFilesOfOverlays(t *testing.T) {
	for name, want := range map[string]string{
		"/bin/tool": "", "/usr/bin/tool": "",
		"":             `image.replace[0]: "" is not the path of a file in the image; accepted: an absolute one, such as /etc/motd`,
		"etc/motd":     `image.replace[0]: "etc/motd" is not the path of a file`,
		"/etc//motd":   `image.replace[0]: "/etc//motd" is not the path of a file`,
		"/etc/modt":    `image.replace[0]: no overlay brings /etc/modt; did you mean /etc/motd?; accepted: a file of an overlay in image.overlays`,
		"/etc/nowhere": `image.replace[0]: no overlay brings /etc/nowhere`,
	} {
		got := checkedIn(t, "extends = \"headless\"\nimage = { overlays = [\"headless\", \"files\"], replace = [\""+name+"\", \"/etc/motd\"] }\n", map[string]string{"files/etc/motd": "x", "files/bin/tool": "x"})
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %s", name, got)
		}
	}
}

// A group that is listened to is one that rules log to, as far as that can be seen.
func TestGroupsThatNoRuleLogsTo(t *testing.T) {
	for rule, want := range map[string]string{
		"log group 7": "", "log prefix \"x: \" group 7 counter": "", "log group $g": "", "log group 0x7": "", "log group 7; }\ninclude \"/etc/elsewhere\"\nchain y {": "",
		"log group 8": "no rule of /etc/nftables.nft logs to 7, but to 8; accepted: a rule with \"log group 7\", or no such group here",
		"log":         "no rule of /etc/nftables.nft logs to 7, nor to any other", "# log group 7": "no rule of /etc/nftables.nft logs to 7",
	} {
		got := checkedIn(t, "extends = \"headless\"\nimage = { overlays = [\"headless\", \"files\"] }\n[firewall.log]\ngroups = [7]\n", map[string]string{"files/etc/nftables.nft": "table inet f {\nchain x {\n" + rule + "\n}\n}\n"})
		if want == "" && got != "" || want != "" && !strings.Contains(got, "mine.toml:4:11: warning: firewall.log.groups[0]: "+want) {
			t.Errorf("%s: %s", rule, got)
		}
	}
}

// The flow table that interfaces join is one that the rules declare, and add packets to.
func TestFlowTablesThatNoRulesHave(t *testing.T) {
	const declared = "\tflowtable fast { hook ingress priority filter; }\n"
	rules := func(inside string) string { return "table inet filter {\n" + inside + "}\n" }
	for name, tc := range map[string]struct {
		rules, table, want string
	}{
		"used":              {rules(declared + "chain x { flow add @fast }"), "inet filter fast", ""},
		"used, the old way": {rules(declared + "chain x { flow offload @fast }"), "inet filter fast", ""},
		"by a command":      {"add flowtable inet filter fast { hook ingress priority 0; }\nadd rule inet filter x flow add @fast\n", "inet  filter fast", ""},
		"by a name's name":  {rules(declared + "chain x { flow add @$which }"), "inet filter fast", ""},
		"none":              {rules("chain x { }"), "inet filter fast", `mine.toml:4:9: firewall.flow.table: the rules (/etc/nftables.nft) declare no flow table`},
		"a comment":         {rules("# flowtable fast { }\nchain x { }"), "inet filter fast", `firewall.flow.table: the rules (/etc/nftables.nft) declare no flow table`},
		"another":           {rules(declared + "chain x { flow add @fast }"), "inet filter fats", `mine.toml:4:9: firewall.flow.table: the rules (/etc/nftables.nft) declare no "inet filter fats"; did you mean inet filter fast?`},
		"another table's":   {rules(declared + "chain x { flow add @fast }"), "ip filter fast", `declare no "ip filter fast"`},
		"unused":            {rules(declared + "chain x { flow add @slow }"), "inet filter fast", `firewall.flow.table: no rule of /etc/nftables.nft adds packets to fast`},
		"who knows":         {"include \"/etc/elsewhere\"\n" + rules("chain x { }"), "inet filter fast", ""},
		"included":          {"include \"more/*\"\n" + rules("chain x { flow add @fast }"), "inet filter fast", ""},
	} {
		got := checkedIn(t, "extends = \"firewall\"\nimage = { overlays = [\"firewall\", \"files\"], replace = [\"/etc/nftables.nft\"] }\n[firewall.flow]\ntable = \""+tc.table+"\"\n",
			map[string]string{"files/etc/nftables.nft": tc.rules, "files/etc/more/one": map[bool]string{true: rules(declared)}[name == "included"]})
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := checkedIn(t, "extends = \"firewall\"\n[image]\noverlays = [\"firewall\", \"files\"]\nreplace = [\"/etc/nftables.nft\"]\n",
		map[string]string{"files/etc/nftables.nft": rules("chain x { }")}); !strings.HasPrefix(got, "mine.toml:3:12: image.overlays: and firewall.flow.table (shipped:firewall.toml:") {
		t.Errorf("rules of one's own without the table: %s", got)
	}
}
