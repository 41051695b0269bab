package profile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/profiles"
)

// three profiles that extend each other, and the text of the last.
func three(base, middle, mine string) map[string]string {
	return map[string]string{"base.toml": sound + base, "middle.toml": "extends = \"base.toml\"\n" + middle, "mine.toml": "extends = \"middle.toml\"\n" + mine}
}

// What is inherited can be taken away: a row, a table that is there or not, all rows of a table; and can be made anew above that.
func TestTablesAreTakenAway(t *testing.T) {
	const base = "[ssh]\n[ethernet.lan]\ndhcp4 = true\nmtu = 1400\n[ethernet.wan]\ndhcp4 = true\n[run.disk.a]\nsize = \"1G\"\n[check.a]\nunit = \"online:lan\"\n[check.b]\nunit = \"online:wan\"\n[user.root]\nauthorized_keys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a\"]\n"
	p, problems, err := Load("mine.toml", finder(three(base, "ethernet.lan = false\nssh = false\n[run]\ndisk.a = false\n", "check.a = false\n[user]\nroot = false\n[ethernet.dmz]\ndhcp4 = true\n")))
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	if p.SSH != nil || len(p.Ethernet) != 2 || p.Ethernet["wan"].DHCP4 != true || p.Ethernet["dmz"].DHCP4 != true || len(p.Run.Disk) != 0 || len(p.Check) != 1 || len(p.User["root"].AuthorizedKeys) != 0 {
		t.Errorf("%s", p.TOML())
	}
	if shown := p.TOML(); strings.Contains(shown, "lan]") || strings.Contains(shown, "1400") || !strings.Contains(shown, "[ethernet.wan]") {
		t.Errorf("plan shows\n%s", shown)
	}
	p, _, err = Load("mine.toml", finder(three(base, "ethernet.lan = false\ncheck = false\n", "[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]\n")))
	if err != nil {
		t.Fatal(err)
	}
	if lan := p.Ethernet["lan"]; lan.DHCP4 || lan.MTU != 0 || len(lan.Addresses) != 1 || len(p.Check) != 0 || p.At("ethernet.lan.mtu").File != "mine.toml" {
		t.Errorf("made anew it is %+v, and stands at %s", lan, p.At("ethernet.lan.mtu"))
	}
}

// A list goes on where it says so, with what is inherited in the place of the word, and every member stands where it was written.
func TestListsGoOn(t *testing.T) {
	for text, want := range map[string][]string{
		`modules = ["inherited", "zram"]`:          {"loop base.toml:3:12", "nbd base.toml:3:20", "zram mine.toml:3:25"},
		`modules = ["zram", "inherited"]`:          {"zram mine.toml:3:12", "loop base.toml:3:12", "nbd base.toml:3:20"},
		`modules = ["zram", "inherited", "brd"]`:   {"zram mine.toml:3:12", "loop base.toml:3:12", "nbd base.toml:3:20", "brd mine.toml:3:33"},
		`modules = ["inherited"]`:                  {"loop base.toml:3:12", "nbd base.toml:3:20"},
		`modules = ["nbd"]`:                        {"nbd mine.toml:3:12"},
		`modules = []`:                             nil,
		`cmdline = ["console=ttyS0,115200","x=y"]`: {"loop base.toml:3:12", "nbd base.toml:3:20"},
	} {
		files := map[string]string{"base.toml": strings.Replace(sound, "[kernel]\n", "[kernel]\nmodules = [\"loop\", \"nbd\"]\n", 1), "mine.toml": "extends = \"base.toml\"\n[kernel]\n" + text + "\n"}
		p, problems, err := Load("mine.toml", finder(files))
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", text, err, problems)
			continue
		}
		var got []string
		for i, m := range p.Kernel.Modules {
			got = append(got, m+" "+p.At(joinIndex("kernel.modules", i)).String())
		}
		if !slices.Equal(got, want) || strings.Contains(p.TOML(), "inherited") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Through several profiles, and to each member its own directory.
func TestListsGoOnAndOn(t *testing.T) {
	files := three("[image]\noverlays = [\"one\"]\n", "[image]\noverlays = [\"two\", \"inherited\"]\n", "[image]\noverlays = [\"inherited\", \"three\"]\n")
	p, problems, err := Load("mine.toml", func(name string, from *File) (File, error) {
		file, err := finder(files)(name, from)
		file.Dir = "/" + strings.TrimSuffix(name, ".toml")
		return file, err
	})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	var got []string
	for i, name := range p.Image.Overlays {
		dir, _ := p.DirOf(joinIndex("image.overlays", i))
		got = append(got, dir+"/"+name)
	}
	if want := []string{"/middle/two", "/base/one", "/mine/three"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMistakesOfMerging(t *testing.T) {
	for name, c := range map[string]struct {
		base, mine string
		want       []string
	}{
		"a row that is not there": {"[ethernet.lan]\ndhcp4 = true\n[ethernet.wan]\ndhcp4 = true\n", "[ethernet]\nlann = false\n",
			[]string{`mine.toml:3:8: ethernet.lann: takes nothing away: no such table is inherited; did you mean lan?; accepted: a table, or false for one of lan, wan`}},
		"a row of one's own": {"", "[check]\na = false\n[ethernet.lan]\ndhcp4 = true\n", []string{`mine.toml:3:5: check.a: takes nothing away: no such table is inherited; accepted: a table`}},
		"a table that is not there": {"", "ssh = false\n[run]\ndisk = false\n",
			[]string{`mine.toml:2:7: ssh: takes nothing away: no such table is inherited; accepted: a table`, `mine.toml:4:8: run.disk: takes nothing away`}},
		"a row with blanks in its name": {"[mount.\"/srv\"]\nsource = \"/dev/vda\"\ntype = \"ext4\"\n", "mount.\"/srf\" = false\n",
			[]string{`mine.toml:2:16: mount."/srf": takes nothing away: no such table is inherited; did you mean /srv?; accepted: a table, or false for one of /srv`}},
		"one that others refer to": {"[ethernet.lan]\ndhcp4 = true\n[vlan.v]\nparent = \"lan\"\nid = 5\nno_address = true\n[service.a]\ncommand = [\"/bin/a\"]\nneeds = [\"online:lan\"]\n[check.a]\nunit = \"link:lan\"\n[check.b]\nfact = \"link.lan.addresses\"\nmatches = \"x\"\n", "ethernet.lan = false\n", []string{
			`mine.toml:2:16: ethernet.lan: and vlan.v.parent (base.toml:`, `mine.toml:2:16: ethernet.lan: and service.a.needs[0] (base.toml:`,
			`mine.toml:2:16: ethernet.lan: and check.a.unit (base.toml:`, `mine.toml:2:16: ethernet.lan: and check.b.fact (base.toml:`,
		}},
		"one that the profile itself refers to": {"[ethernet.lan]\ndhcp4 = true\n", "ethernet.lan = false\n[check.a]\nunit = \"online:lan\"\n",
			[]string{`mine.toml:4:8: check.a.unit: nothing is called "online:lan"`}},
		"nothing to go on from": {"", "[image]\noverlays = [\"inherited\", \"a\"]\n[ethernet.lan]\naddresses = [\"192.0.2.1/24\", \"inherited\"]\n[service.a]\ncommand = [\"inherited\"]\n", []string{
			`mine.toml:3:13: image.overlays[0]: stands for a list that is inherited, and none is; accepted: the members themselves`,
			`mine.toml:5:30: ethernet.lan.addresses[1]: stands for a list that is inherited`, `mine.toml:7:12: service.a.command[0]: stands for a list that is inherited`}},
		"a member twice": {"[image]\noverlays = [\"a\"]\n", "[image]\noverlays = [\"inherited\", \"a\"]\n", []string{`mine.toml:3:26: warning: image.overlays[1]: a is there already; accepted: each once`}},
		"what is lost": {"[image]\noverlays = [\"a\", \"b\"]\nreplace = [\"/etc/x\"]\ncommands = [\"default\", \"wget\"]\n[packages.util-linux]\nfiles = [\"/bin/lsblk\"]\n", "[image]\noverlays = [\"b\", \"c\"]\nreplace = [\"/etc/y\"]\ncommands = [\"default\", \"strace\"]\n[packages.util-linux]\nfiles = [\"/bin/findmnt\"]\n", []string{
			`mine.toml:3:12: warning: image.overlays: takes the place of a list that is inherited, and leaves out a; accepted: "inherited" among its members, which stands for that list`,
			`mine.toml:4:11: warning: image.replace: takes the place of a list that is inherited, and leaves out /etc/x;`,
			`mine.toml:5:12: warning: image.commands: takes the place of a list that is inherited, and leaves out wget;`,
			`mine.toml:7:9: warning: packages.util-linux.files: takes the place of a list that is inherited, and leaves out /bin/lsblk;`}},
		"what is left out on purpose": {"[image]\noverlays = [\"a\", \"b\"]\ncommands = [\"default\"]\n[ethernet.lan]\naddresses = [\"192.0.2.1/24\"]\n", "[image]\noverlays = [\"b\"]\ncommands = []\n[ethernet.lan]\naddresses = [\"192.0.2.2/24\"]\n", nil},
	} {
		wantAt := func() Problems {
			return loaded(map[string]string{"base.toml": sound + c.base, "mine.toml": "extends = \"base.toml\"\n" + c.mine}, "mine.toml")
		}
		t.Run(name, func(t *testing.T) { wantProblems(t, wantAt(), c.want) })
	}
	// Where it is not known what is extended, it is not known either what is inherited.
	wantProblems(t, loaded(map[string]string{"mine.toml": "extnds = \"base.toml\"\n[image]\noverlays = [\"inherited\"]\n[ethernet]\nlan = false\n"}, "mine.toml"),
		[]string{`mine.toml:1:1: extnds: unknown key; did you mean extends?`})
	// What a profile in between takes away is not there to be taken away once more.
	again := loaded(three("[ethernet.lan]\ndhcp4 = true\n", "ethernet.lan = false\n", "ethernet.lan = false\n"), "mine.toml")
	wantProblems(t, again, []string{`mine.toml:2:16: ethernet.lan: takes nothing away: no such table is inherited; accepted: a table`})
}

// Every table of every shipped profile can be taken away, and what is wrong then is told where that was said.
func TestEveryTableCanBeTakenAway(t *testing.T) {
	for _, name := range Names(profiles.FS) {
		l := loader{find: Find(profiles.FS)}
		tree, _, err := l.load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for _, key := range tables("", tree) {
			tried++
			text := fmt.Sprintf("extends = %q\n%s = false\n", name, key)
			find := func(asked string, from *File) (File, error) {
				if from == nil {
					return File{Name: "mine.toml", Dir: "/p", Text: []byte(text)}, nil
				}
				return Find(profiles.FS)(asked, from)
			}
			l := loader{find: find}
			without, _, err := l.load("mine.toml", nil)
			if err != nil || slices.Contains(tables("", without), key) {
				t.Errorf("%s: %s is there: %v", name, key, err)
			}
			for _, p := range loadedBy(find) {
				if p.Pos.File != "mine.toml" || p.Pos.Line != 2 {
					t.Errorf("%s without %s: told at %s", name, key, p)
				}
			}
		}
		if tried < 20 {
			t.Errorf("%s: only %d tables", name, tried)
		}
	}
}

// tables are the keys of all tables in one.
func tables(path string, tree map[string]any) (keys []string) {
	for word, value := range tree {
		if table, is := value.(map[string]any); is {
			keys = append(keys, joinKey(path, word))
			keys = append(keys, tables(joinKey(path, word), table)...)
		}
	}
	return keys
}
