package deb

import (
	"reflect"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/progress"
)

const hash = "d7dd1d1411fedf27f5e27650a6eff20ef294077b568f4c8c5e51466dc7c08ce4"

func TestParseURIs(t *testing.T) {
	text := "'http://mirror.example/pool/z/zlib1g_1.2.13.dfsg-1_amd64.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86684 SHA256:" + hash + "\n" +
		"Some message\n\n" +
		"'file:/srv/lib_a_1_all.deb' lib%5fa_1_all.deb 0 SHA256:" + hash + "\n"
	want := []Package{
		{"zlib1g", "1:1.2.13.dfsg-1", "amd64", hash, 86684, "zlib1g_1%3a1.2.13.dfsg-1_amd64.deb"},
		{"lib_a", "1", "all", hash, 0, "lib%5fa_1_all.deb"},
	}
	got, err := parseURIs([]byte(text))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, p := range got {
		if fileName(p) != p.File {
			t.Errorf("fileName of %s is %s", p.File, fileName(p))
		}
	}
	for _, bad := range []string{
		"'u' a_1_amd64.deb 5 MD5Sum:" + hash[:32],
		"'u' a_1_amd64.deb 5 SHA256:" + strings.ToUpper(hash),
		"'u' a_1_amd64.deb 5",
		"'u' a_1_amd64.deb -5 SHA256:" + hash,
		"'u' a_amd64.deb 5 SHA256:" + hash,
		"'u' ../a_1_amd64.deb 5 SHA256:" + hash,
		"'u' a_%zz_amd64.deb 5 SHA256:" + hash,
		"'u",
	} {
		if got, err := parseURIs([]byte(bad)); err == nil {
			t.Errorf("%q gives %+v", bad, got)
		}
	}
}

func FuzzParseURIs(f *testing.F) {
	f.Add([]byte("'http://h/a_1_amd64.deb' a_1%3a1_amd64.deb 5 SHA256:" + hash + "\n"))
	f.Add([]byte("'' _ 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		pkgs, err := parseURIs(text)
		if err != nil {
			return
		}
		for _, p := range pkgs {
			if p.Name == "" || p.Version == "" || p.Arch == "" || p.Size < 0 || strings.Contains(p.File, "/") || !isSHA256(p.SHA256) {
				t.Errorf("%+v", p)
			}
		}
	})
}

func TestParseControl(t *testing.T) {
	text := "Package: a\nVersion: 1:2\nArchitecture: amd64\nSize: 7\nSHA256: " + hash + "\nDepends: x | y, linux-image-6.1 (= 1), z:any\n" +
		"Description: one\n two\n .\n three\n\n\nPackage: b\n"
	all, err := parseControl([]byte(text))
	if err != nil || len(all) != 2 || all[0]["description"] != "one\ntwo\n.\nthree" || all[1]["package"] != "b" {
		t.Fatalf("%q, %v", all, err)
	}
	p, err := all[0].pkg()
	if want := (Package{"a", "1:2", "amd64", hash, 7, "a_1%3a2_amd64.deb"}); err != nil || p != want {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := all[1].pkg(); err == nil {
		t.Error("a record without version makes a package")
	}
	for prefix, want := range map[string]string{"linux-image-": "linux-image-6.1", "z": "z", "y": ""} {
		if got, _ := all[0].dependsOn(prefix); got != want {
			t.Errorf("dependsOn(%q) = %q, want %q", prefix, got, want)
		}
	}
	for _, bad := range []string{" goes on", "no colon", ": no name"} {
		if all, err := parseControl([]byte(bad)); err == nil {
			t.Errorf("%q gives %q", bad, all)
		}
	}
}

func FuzzParseControl(f *testing.F) {
	f.Add([]byte("Package: a\nDepends: b | c\n d\n\nPackage: e"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := parseControl(text)
		if err != nil {
			return
		}
		for _, s := range all {
			s.dependsOn("linux-image-")
			if p, err := s.pkg(); err == nil && !isSHA256(p.SHA256) {
				t.Errorf("%+v", p)
			}
		}
	})
}

func TestConfiguration(t *testing.T) {
	const want = `Dir::State "/c/apt/state";
Dir::State::status "/c/apt/status";
Dir::Cache "/c/apt/cache";
Dir::Cache::srcpkgcache "";
Dir::Log "/c/apt/log";
Dir::Etc "/etc/apt";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Install-Recommends "0";
APT::Install-Suggests "0";
APT::Sandbox::User "";
APT::Architecture "amd64";
APT::Architectures {"amd64";};
APT::Update::Error-Mode "any";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::ForceHash "SHA256";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Firmware::MetaKey "non-free-firmware/Contents-$(ARCHITECTURE)";
Acquire::IndexTargets::deb::Firmware::ShortDescription "Firmware";
Acquire::IndexTargets::deb::Firmware::Description "$(RELEASE) files of firmware";
Acquire::IndexTargets::deb::Firmware::KeepCompressed "false";
`
	got, err := configuration("/c/apt", "/etc/apt", "amd64", "Acquire::http::Proxy \"http://proxy.example:3128\";\n")
	if err != nil || got != want {
		t.Errorf("got\n%s\n%v", got, err)
	}
	if _, err := configuration(`/a "quoted" dir`, "/etc/apt", "amd64", ""); err == nil {
		t.Error("a quote in a path would end apt's string")
	}
}

func TestComplaint(t *testing.T) {
	for said, want := range map[string]string{
		"W: old\nE: one\nE: two\n":             "one; two",
		"something else\n":                     "something else",
		"":                                     "",
		"E: 1\nE: 2\nE: 3\nE: 4\nE: 5\nE: 6\n": "1; 2; 3; 4; and 2 more",
	} {
		if got := complaint(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

// counter is a step that counts.
type counter struct{ done int64 }

func (c *counter) Add(n int64) { c.done += n }
func (*counter) Done(error)    {}

var _ progress.Step = &counter{}

func TestFollow(t *testing.T) {
	var c counter
	see := follow(&c, 1000)
	for _, step := range []struct {
		line string
		want int64
	}{
		{"dlstatus:1:0.0000:Retrieving file 1 of 3", 0},
		{"dlstatus:2:10.5:Retrieving file 2 of 3: a", 105},
		{"pmstatus:x:50:no download", 105},
		{"dlstatus:2:7:backwards", 105},
		{"dlstatus:3:nan", 105},
		{"dlstatus:3:700:too much", 105},
		{"dlstatus:3:100.0000:done", 1000},
	} {
		if see(step.line); c.done != step.want {
			t.Errorf("after %q: %d, want %d", step.line, c.done, step.want)
		}
	}
	read := counting{strings.NewReader("abcdef"), &c}
	if n, err := read.ReadAt(make([]byte, 4), 1); n != 4 || err != nil || c.done != 1004 {
		t.Errorf("what is read of a package counts %d, %v", c.done-1000, err)
	}
}
