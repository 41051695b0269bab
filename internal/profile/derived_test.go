package profile

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/profiles"
)

// Value errors do not hide what is wrong elsewhere, and cause no second one: a value that is not known is
// neither missing nor wrong in what it says together with others.
func TestValueAndCrossProblems(t *testing.T) {
	for _, tc := range []problemCase{
		{"both kinds at once", sound + "[ethernet.lan]\nmtu = \"large\"\ndhcp4 = true\n[vlan.v20]\nparent = \"wan\"\nid = 4095\ndhcp4 = true\n[run]\nmemory = 1\ncpus = 65\n", []string{
			`p.toml:9:7: ethernet.lan.mtu: is the string "large"; accepted: `,
			`p.toml:12:10: vlan.v20.parent: there is no interface "wan"; did you mean lan?`,
			`p.toml:13:6: vlan.v20.id: is 4095; accepted: 1 to 4094`,
			`p.toml:16:10: run.memory: is the number 1; accepted: `,
			`p.toml:17:8: run.cpus: is 65; accepted: 1 to 64`,
		}},
		{"a row with a wrong value is there all the same", sound + "[ethernet.lan]\ndhcp4 = 3\n[vlan.v20]\nparent = \"lan\"\nid = 20\nno_address = true\n", []string{
			`p.toml:9:9: ethernet.lan.dhcp4: is the number 3; accepted: true or false`,
		}},
		{"a row that a misspelt table holds is not missing, others are", sound + "[ethernett.lan]\ndhcp4 = true\n[vlan.v20]\nparent = \"lan\"\nid = 20\nno_address = true\n[vlan.v30]\nparent = \"wan\"\nid = 30\nno_address = true\n", []string{
			`p.toml:8:1: ethernett: unknown key; did you mean ethernet?`,
			`p.toml:15:10: vlan.v30.parent: there is no interface "wan"`,
		}},
		{"an address that does not fit is an address", sound + "[ethernet.lan]\naddresses = [\"192.0.2.300/24\"]\ngateways = [\"192.0.2.1\"]\n", []string{
			`p.toml:9:14: ethernet.lan.addresses[0]: "192.0.2.300/24" is not an address`,
		}},
		{"a login in doubt is no missing one", "[kernel]\npackage = \"x\"\ncmdline = [\"console=ttyS0,115200\"]\n[console.ttyS0]\nlogin = \"autologn\"\n", []string{
			`p.toml:5:9: console.ttyS0.login: "autologn" is not a way to log in`,
		}},
		{"a misspelt required key", sound + "[mount.\"/srv\"]\nsourc = \"/dev/vda\"\ntype = \"ext5\"\n", []string{
			`p.toml:9:1: mount."/srv".sourc: unknown key; did you mean source?`,
			`p.toml:10:8: mount."/srv".type: "ext5" is not a file system`,
		}},
		{"two rows whose values are not known are not the same", sound + "[ethernet.lan]\nno_address = true\n[vlan.a]\nparent = \"lan\"\nid = \"x\"\nno_address = true\n[vlan.b]\nparent = \"lan\"\nid = \"y\"\nno_address = true\n", []string{
			`p.toml:12:6: vlan.a.id: is the string "x"`,
			`p.toml:16:6: vlan.b.id: is the string "y"`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, warnings, err := Load("p.toml", finder(map[string]string{"p.toml": tc.text}))
			problems := warnings
			errors.As(err, &problems)
			wantProblems(t, problems, tc.want)
		})
	}
}

var (
	pairLine   = regexp.MustCompile(`^(\s*)([a-z0-9_]+)( *= *)(.*)$`)
	headerLine = regexp.MustCompile(`^\[([a-z0-9]+)([.\]].*)$`)
	// free are tables whose keys are anybody's.
	free = regexp.MustCompile(`^\[(sysctl|.*\.(sysctl|parameters))\]`)
)

// Each value of sound profiles is broken in turn, and each word misspelt: one problem, at that line, and no other.
func TestOneMistakeIsOneProblem(t *testing.T) {
	texts := map[string]string{"stack": sound + stack}
	for _, name := range Names(profiles.FS) {
		text, err := profiles.FS.ReadFile(name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	shippedOnes := Find(profiles.FS)
	for name, text := range texts {
		lines := strings.Split(text, "\n")
		table, tried := "", 0
		for i, line := range lines {
			var broken []string
			if m := headerLine.FindStringSubmatch(line); m != nil {
				table = line
				broken = append(broken, "["+m[1]+"x"+m[2])
			} else if m := pairLine.FindStringSubmatch(line); m != nil && strings.Count(m[4], "[") == strings.Count(m[4], "]") && strings.Count(m[4], `"""`) != 1 && !free.MatchString(table) {
				broken = append(broken, m[1]+m[2]+m[3]+"1979-05-27", m[1]+m[2]+"x"+m[3]+m[4])
				if strings.HasPrefix(m[4], "[") {
					broken = append(broken, m[1]+m[2]+m[3]+"[1979-05-27, "+m[4][1:])
				}
			}
			for _, instead := range broken {
				if strings.HasPrefix(instead, "equals") || strings.HasPrefix(instead, "contains") || strings.HasPrefix(instead, "extendsx") {
					continue // take any value; or make it another profile
				}
				tried++
				changed := strings.Join(append(append(append([]string{}, lines[:i]...), instead), lines[i+1:]...), "\n")
				_, warnings, err := Load("p.toml", func(name string, from *File) (File, error) {
					if name == "p.toml" {
						return File{Name: name, Dir: "/p", Text: []byte(changed)}, nil
					}
					return shippedOnes(name, from)
				})
				var problems Problems
				if !errors.As(err, &problems) {
					t.Errorf("%s: %q: %v", name, instead, err)
					continue
				}
				if len(problems)+len(warnings) != 1 || problems[0].Pos.Line != i+1 {
					t.Errorf("%s: %q instead of %q: %d problems:\n%v", name, instead, line, len(problems), problems)
				}
			}
		}
		if tried < 20 {
			t.Errorf("%s: only %d mistakes were tried", name, tried)
		}
	}
}
