package profile

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/profiles"
)

// finder serves profiles from a map; the names are paths.
func finder(files map[string]string) Finder {
	return func(name string, from *File) (File, error) {
		text, ok := files[name]
		if !ok {
			return File{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return File{Name: name, Dir: "/p", Text: []byte(text)}, nil
	}
}

// sound is the least that makes a profile acceptable.
const sound = `
[kernel]
package = "linux-image-amd64"
cmdline = ["console=ttyS0,115200"]
[console.ttyS0]
[access]
host_password = true
`

// problemCase is a profile and every problem in it, in order, each by its beginning.
type problemCase struct {
	name, text string
	want       []string
}

func TestProblems(t *testing.T) {
	for _, tc := range slices.Concat(textProblems, accessProblems, linkProblems, storageProblems, chapProblems, claimProblems, serviceProblems, handedProblems, vainProblems, rightsProblems, containerNetworkProblems, containerProblems, updateProblems) {
		t.Run(tc.name, func(t *testing.T) {
			_, got, err := Load("p.toml", finder(map[string]string{"p.toml": tc.text}))
			if err != nil && !errors.As(err, &got) {
				t.Fatal(err)
			}
			wantProblems(t, got, tc.want)
		})
	}
}

func wantProblems(t *testing.T, got Problems, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case i >= len(want):
			t.Errorf("too much: %s", got[i])
		case !strings.HasPrefix(got[i].String(), want[i]):
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}

func TestExtends(t *testing.T) {
	files := map[string]string{
		"base.toml": sound + "[ethernet.lan]\ndhcp4 = true\nmtu = 1400\n[image]\ncommands = [\"ls\"]\n",
		"mine.toml": "extends = \"base.toml\"\n[ethernet.lan]\nmtu = 9000\n[image]\ncommands = [\"cat\"]\n",
		"a.toml":    "extends = \"b.toml\"\n", "b.toml": "extends = \"c.toml\"\n", "c.toml": "extends = \"a.toml\"\n",
		"over.toml": "extends = \"base.toml\"\n[kernel]\ncmdline = [\"console=ttyS9\"]\n",
	}
	p, _, err := Load("mine.toml", finder(files))
	if err != nil {
		t.Fatal(err)
	}
	if lan := p.Ethernet["lan"]; !lan.DHCP4 || lan.MTU != 9000 {
		t.Errorf("tables did not merge: %+v", lan)
	}
	if got := strings.Join(p.Image.Commands, " "); got != "cat" || p.Name != "mine" || p.Hostname != "mine" {
		t.Errorf("commands %q, name %q, host name %q", got, p.Name, p.Hostname)
	}
	if pos := p.At("ethernet.lan.dhcp4"); pos.File != "base.toml" {
		t.Errorf("inherited value stands at %s", pos)
	}
	_, _, err = Load("a.toml", finder(files))
	if want := "profiles extend each other in a circle: a.toml → b.toml → c.toml → a.toml"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("circle: %v", err)
	}
	_, _, err = Load("over.toml", finder(files))
	if err == nil || !strings.HasPrefix(err.Error(), "over.toml:3:11: kernel.cmdline: and console.ttyS0 (base.toml:5:1): offers a login") {
		t.Errorf("what the base and the profile say together: %v", err)
	}
}

func TestShippedProfilesAreSound(t *testing.T) {
	shippedFiles, _ := fs.Glob(profiles.FS, "*.toml")
	for _, f := range shippedFiles {
		p, warnings, err := Load(strings.TrimSuffix(f, ".toml"), Find(profiles.FS))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", f, warnings, err)
		} else if string(p.Name)+".toml" != f {
			t.Errorf("%s is called %s", f, p.Name)
		}
	}
}

// A benchmark runs seldom: what its profiles say may be refused since.
func TestMeasuredProfilesAreSound(t *testing.T) {
	files, err := filepath.Glob("../../qemu-tests/testdata/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if _, _, err := Load(f, Find(profiles.FS)); err != nil {
			t.Error(err)
		}
	}
}

func TestFind(t *testing.T) {
	find := Find(fstest.MapFS{"headless.toml": {Data: []byte(sound)}})
	if _, err := find("headles", nil); err == nil || !strings.Contains(err.Error(), "did you mean headless?") {
		t.Errorf("misspelt: %v", err)
	}
	if _, err := find(filepath.Join(t.TempDir(), "none.toml"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestDefaultsAreIdempotent(t *testing.T) {
	p, _, err := Load("p.toml", finder(map[string]string{"p.toml": sound}))
	if err != nil {
		t.Fatal(err)
	}
	once := p.TOML()
	defaults.Fill(p)
	if twice := p.TOML(); once != twice {
		t.Errorf("defaults changed again:\n%s\n%s", once, twice)
	}
	if p.Console["ttyS0"].Speed != 115200 || *p.Run.NICs != 1 || p.Formats[0] != FormatKernel {
		t.Errorf("defaults are missing:\n%s", once)
	}
}

// The packet filter's table brings nft, and is held to what a machine has.
func TestFirewall(t *testing.T) {
	p, _, err := Load("p.toml", finder(map[string]string{"p.toml": sound + "[firewall]\n[ssh]\npassword = true\n"}))
	if err != nil {
		t.Fatal(err)
	}
	if files := p.Packages["nftables"].Files; len(files) != 1 || files[0] != "/usr/sbin/nft" || p.Firewall.Rules != "/etc/nftables.nft" || p.Firewall.ReversePath != "strict" || p.Firewall.Log.Rate != 50 {
		t.Errorf("packages %v, %+v", p.Packages, p.Firewall)
	}
}
