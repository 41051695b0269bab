package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
)

// imgbuild runs the program in a directory and returns what a shell would see.
func imgbuild(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Chdir(dir)
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.toml")
	if err := os.WriteFile(bad, []byte("extends = \"headless\"\n[ethernet.lan]\ndhpc4 = true\nmtu = \"big\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"file": "", "open.toml": "extends = \"headless\"\n[site]\nallow = [\"hostname\"]\n",
		"profiles/box.toml": "extends = \"headless\"\n",
		"site.toml":         "hostname = \"box7\"\n", "wrong.toml": "hostnam = \"box7\"\n[time]\nservers = []\n",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		args           []string
		code           int
		stdout, stderr string // what each contains
	}{
		{[]string{"--help"}, exitDone, "Exit codes: 0 done, 1 failed, 2 wrong command line or invalid profile", ""},
		{[]string{"version"}, exitDone, "imgbuild ", ""},
		{[]string{"completion", "bash"}, exitDone, "__start_imgbuild", ""},
		{[]string{"__complete", "run", "f"}, exitDone, "firewall\nfirewall-bridge\n:4\n", ""},
		{[]string{"__complete", "check", "headless", "./b"}, exitDone, "./bad.toml\n:4\n", ""},
		{[]string{"__complete", "build", "sub/"}, exitDone, "toml\n:8\n", ""}, // files that end so
		{[]string{"__complete", "ls", "na"}, exitDone, "nas\n:0\n", ""},       // or any file
		{[]string{"__complete", "build", "headless", ""}, exitDone, ":4\n", ""},
		{[]string{"check", "headless"}, exitDone, "headless: ok\n", ""},
		{nil, exitDone, "Exit codes: 0 done, 1 failed, 2 wrong command line or invalid profile", ""},
		{[]string{"--format", "iso"}, exitUsage, "", "imgbuild takes one profile, got 0"},
		{[]string{"--version"}, exitDone, "imgbuild ", ""},
		{[]string{"build", "headless", "--formt", "iso"}, exitUsage, "", "unknown flag: --formt; did you mean --format?; see imgbuild build --help"},
		{[]string{"run", "headless", "--forwards", "1:1"}, exitUsage, "", "unknown flag: --forwards; did you mean --forward?"},
		{[]string{"check", "headless", "--quite"}, exitUsage, "", "unknown flag: --quite; did you mean --quiet?"},
		{[]string{"schema", "x"}, exitUsage, "", "imgbuild schema takes no arguments"},
		{[]string{"schema"}, exitDone, "http://json-schema.org/draft-07/schema#", ""},
		{[]string{"__complete", "run", "headless", "--moni"}, exitDone, "--monitor", ""},
		{[]string{"build"}, exitUsage, "", "imgbuild build takes one profile, got 0"},
		{[]string{"build", "headless", "nas"}, exitUsage, "", "takes one profile, got 2"},
		{[]string{"build", "--frobnicate", "headless"}, exitUsage, "", "unknown flag: --frobnicate; see imgbuild build --help"},
		{[]string{"biuld"}, exitUsage, "", `did you mean the command "build"?`},
		{[]string{"biuld", "headless"}, exitUsage, "", `there is no command "biuld"; did you mean build?`},
		{[]string{"build", "headless", "--format", "dsk"}, exitUsage, "", `accepted: kernel, uki, disk, iso, netboot, update; did you mean disk?`},
		{[]string{"help", "biuld"}, exitUsage, "", `there is no command "biuld"`},
		{[]string{"help", "build"}, exitDone, "Builds a profile into out/NAME/", ""},
		{[]string{"completion", "bsh"}, exitUsage, "", `no completion for "bsh"; did you mean bash?`},
		{[]string{"ls", "stick.img"}, exitUsage, "", "there is no file stick.img, and no shipped profile of that name"},
		{[]string{"diff", "headless", "hedless"}, exitUsage, "", "no shipped profile of that name; did you mean headless?"},
		{[]string{"ls", "headless", "--limit", "5x"}, exitUsage, "", `--limit: "5x" is not a size`},
		{[]string{"headles"}, exitUsage, "", `no shipped profile is called "headles"; did you mean headless?`},
		{[]string{"./none.toml"}, exitUsage, "", "open ./none.toml: no such file or directory"},
		{[]string{"./profiles"}, exitUsage, "", "./profiles is a directory; did you mean ./profiles/box.toml?"},
		{[]string{"profiles"}, exitUsage, "", "profiles is a directory; did you mean ./profiles/box.toml?"},
		{[]string{"ls"}, exitUsage, "", "imgbuild ls takes one image or profile, got 0"},
		{[]string{"ls", "profiles"}, exitUsage, "", "there is no file profiles, and no shipped profile of that name"},
		{[]string{"cat", "profiles", "x"}, exitFailed, "", "reading profiles: it is a directory; accepted: the file of an image"},
		{[]string{"ls", "file"}, exitFailed, "", "reading file: it is empty"},
		{[]string{"unpack", "/dev/null", "new"}, exitFailed, "", "reading /dev/null: it is neither a plain file nor a disk"},
		{[]string{"cat", "none.img", "x"}, exitUsage, "", "there is no image none.img: open none.img: no such file"},
		{[]string{"flash", "none.img"}, exitUsage, "", "there is no image none.img: open none.img: no such file"},
		{[]string{"flash", "profiles", "file"}, exitFailed, "", "reading profiles: it is a directory"},
		{[]string{"test", "headless", "--junit", "nowhere/x.xml"}, exitFailed, "", "--junit nowhere/x.xml: writing into nowhere: no such file or directory"},
		{[]string{"run", "headless", "--until", "x", "--boot-chart", "profiles"}, exitFailed, "", "--boot-chart profiles: it is a directory; accepted: a file"},
		{[]string{"check", "bad.toml"}, exitUsage, "", "bad.toml:3:1: ethernet.lan.dhpc4: unknown key; did you mean dhcp4?"},
		{[]string{"check", "bad.toml"}, exitUsage, "", "bad.toml:4:7: ethernet.lan.mtu: is the string \"big\"; accepted: a whole number: 68 to 65535\nimgbuild: 2 problems\n"},
		{[]string{"check", "headless", "bad.toml"}, exitUsage, "headless: ok\n", "imgbuild: 2 problems\n"},
		{[]string{"check", "open.toml", "--site", "site.toml"}, exitDone, "open.toml: ok\n", ""},
		{[]string{"check", "open.toml", "--site", "wrong.toml"}, exitUsage, "", "wrong.toml:1:1: hostnam: unknown key; did you mean hostname?"},
		{[]string{"check", "open.toml", "--site", "wrong.toml"}, exitUsage, "", "wrong.toml:3:1: time.servers: the image does not allow time_servers to be changed; accepted: hostname\nimgbuild: 2 problems\n"},
		{[]string{"check", "headless", "--site", "site.toml"}, exitUsage, "", "site.toml:1:1: hostname: the image does not allow hostname to be changed; accepted: nothing"},
		{[]string{"check", "headless", "bad.toml", "--json"}, exitUsage, `[{"profile":"headless","ok":true,"problems":[]},{"profile":"bad.toml","ok":false,"problems":[{"file":"bad.toml","line":3,"column":1,"key":"ethernet.lan.dhpc4","message":"unknown key; did you mean dhcp4?`, ""},
		{[]string{"check", "headless", "--json"}, exitDone, `[{"profile":"headless","ok":true,"problems":[]}]` + "\n", ""},
		{[]string{"check", "none", "--json"}, exitUsage, "", `no shipped profile is called "none"`},
		{[]string{"check", "headless", "open.toml", "--site", "site.toml"}, exitUsage, "", "--site goes with one profile, got 2"},
		{[]string{"check", "open.toml", "--site", "none.toml"}, exitFailed, "", "open none.toml: no such file"},
		{[]string{"-C", "nowhere", "check", "headless"}, exitUsage, "", "-C: chdir nowhere"},
		{[]string{"-C", dir, "check", "headless"}, exitDone, "headless: ok\n", ""},
		{[]string{"-v", "-q", "check", "headless"}, exitUsage, "", "contradict each other"},
		{[]string{"run", "headless", "--timeout", "5s"}, exitUsage, "", "--timeout goes with --until"},
		{[]string{"run", "headless", "--until", "("}, exitUsage, "", "--until: error parsing regexp"},
		{[]string{"test", "headless", "--accel", "xen"}, exitUsage, "", `--accel "xen"; accepted: auto, kvm, tcg`},
		{[]string{"build", "headless", "-o", "file"}, exitFailed, "", "making the output directory: mkdir file: not a directory"},
		{[]string{"new", "Bad_Name"}, exitUsage, "", `"Bad_Name" is not a profile name`},
		{[]string{"new"}, exitUsage, "", "takes the new profile's name"},
		{[]string{"cache", "prune", "--limit", "lots"}, exitUsage, "", `--limit: "lots" is not a size`},
		{[]string{"lock", "headless", "more"}, exitUsage, "", "imgbuild lock takes one profile, got 2"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			cache := filepath.Join(t.TempDir(), "cache")
			t.Setenv("IMGBUILD_CACHE", cache)
			code, stdout, stderr := imgbuild(t, dir, tc.args...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit %d, want %d\nstdout: %q\n  want: %q\nstderr: %q\n  want: %q", code, tc.code, stdout, tc.stdout, stderr, tc.stderr)
			}
			if tc.code != exitDone && tc.stdout == "" && stdout != "" {
				t.Errorf("a failure wrote to standard output: %q", stdout)
			}
			if made, err := filepath.Glob(filepath.Join(cache, "entry", "*", "*")); tc.code == exitUsage && len(made) != 0 {
				t.Errorf("a wrong command line had things built: %q, %v", made, err)
			}
		})
	}
}

// A profile that starts from one by its path names it as seen from where it is written.
func TestNewFromAFile(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "sub"), 0o755), os.WriteFile(filepath.Join(dir, "base.toml"), []byte("extends = \"headless\"\nsummary = \"b\"\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := imgbuild(t, dir, "new", "mine", "--from", "base.toml", "-o", "sub"); code != exitDone {
		t.Fatal(stderr)
	}
	if code, stdout, stderr := imgbuild(t, dir, "check", "sub/mine.toml"); code != exitDone || stdout != "sub/mine.toml: ok\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

// A starting profile is valid as it stands and never overwrites one.
func TestNew(t *testing.T) {
	dir := t.TempDir()
	if code, stdout, stderr := imgbuild(t, dir, "new", "mybox", "--from", "headless"); code != exitDone || stdout != "mybox.toml\n" {
		t.Fatalf("exit %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr := imgbuild(t, dir, "check", "mybox.toml"); code != exitDone {
		t.Errorf("the new profile is not valid: %s", stderr)
	}
	if err := os.WriteFile(filepath.Join(dir, "mybox.toml"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := imgbuild(t, dir, "new", "mybox"); code != exitFailed || !strings.Contains(stderr, "mybox.toml exists, and is not overwritten") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "mybox.toml")); string(text) != "mine" {
		t.Errorf("the existing profile became %q", text)
	}
}

func TestVersionJSON(t *testing.T) {
	_, stdout, _ := imgbuild(t, t.TempDir(), "version", "--json")
	var v struct{ Version, Go string }
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || v.Version == "" || !strings.HasPrefix(v.Go, "go1.") {
		t.Errorf("%q: %v", stdout, err)
	}
	_, verb, _ := imgbuild(t, t.TempDir(), "version")
	if _, flag, _ := imgbuild(t, t.TempDir(), "--version"); flag != verb || flag != "imgbuild "+v.Version+" ("+v.Go+")\n" {
		t.Errorf("%q, %q", flag, verb)
	}
}

func TestCacheVerb(t *testing.T) {
	t.Setenv("IMGBUILD_CACHE", filepath.Join(t.TempDir(), "cache"))
	code, stdout, stderr := imgbuild(t, t.TempDir(), "cache", "--json")
	if code != exitDone || stdout != "[]\n" {
		t.Errorf("an empty cache: exit %d, %q, %q", code, stdout, stderr)
	}
	store, err := cache.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	put := func(kind, key, file, text string) {
		if _, err := store.Entry(t.Context(), kind, key, func(_ context.Context, dir string) error {
			return os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644)
		}); err != nil {
			t.Fatal(err)
		}
	}
	put("deb", "d1", "package.deb", strings.Repeat("x", 3_000_000))
	put("deb", "d2", "package.deb", strings.Repeat("x", 1_000_000))
	put("resolve", "r", "packages.json", `{"Packages": [{"Name": "bash", "Version": "5.2", "SHA256": "d1"}]}`)
	code, stdout, _ = imgbuild(t, t.TempDir(), "cache")
	lines := strings.Split(stdout, "\n")
	if code != exitDone || len(lines) != 4 || strings.Join(strings.Fields(lines[0])[:5], " ") != "deb 2 entries 4.0 MB" || !strings.HasSuffix(lines[0], "  Debian packages") ||
		!strings.HasPrefix(lines[1], "resolve") || !strings.HasPrefix(lines[2], "3 entries, 4.0 MB in ") {
		t.Errorf("exit %d, %q", code, stdout)
	}
	_, stdout, _ = imgbuild(t, t.TempDir(), "cache", "--entries")
	if !regexp.MustCompile(`(?m)^deb +3.0 MB  used .*  d1  bash 5.2$`).MatchString(stdout) || strings.Count(stdout, "\n") != 4 {
		t.Errorf("%q", stdout)
	}
	if code, _, stderr := imgbuild(t, t.TempDir(), "cache", "prune"); code != exitDone {
		t.Error(stderr)
	}
	if code, stdout, _ := imgbuild(t, t.TempDir(), "cache", "prune"); code != exitDone || stdout != "removed 0 entries, 0.0 MB\n" {
		t.Errorf("exit %d, %q", code, stdout)
	}
}
