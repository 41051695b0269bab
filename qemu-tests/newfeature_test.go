package qemu_tests

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/check"
	registry "github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/profiles"
)

// A feature is added by its folder, the file of its table, a field of the machine, and a line in each of two lists: this one
// is, to a copy of the sources, and is proved end to end there.
func TestNewFeature(t *testing.T) {
	t.Parallel()
	if os.Getenv("IMGBUILD_TEST_FULL") == "" {
		t.Skip("compiles everything anew; IMGBUILD_TEST_FULL=1 runs it")
	}
	dir := t.TempDir()
	in := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	copySources(t, dir)
	if err := os.CopyFS(dir, os.DirFS("testdata/feature")); err != nil {
		t.Fatal(err)
	}
	insert(t, filepath.Join(dir, "internal/spec/spec.go"), "type Machine struct {\n", "\t// Words for whoever asks.\n\tGreet map[string]Greet `json:\"greet,omitempty\"`\n")
	insert(t, filepath.Join(dir, "internal/features/features.go"), "import (\n", "\tgreet \"github.com/imgbuild/imgbuild/uinit/greet/plan\"\n")
	insert(t, filepath.Join(dir, "internal/features/features.go"), "var list = []graph.Plan{\n", "\tgreet.Plan,\n")

	if out, err := in("go", "build", "-o", "imgbuild", "./cmd/imgbuild"); err != nil {
		t.Fatalf("building it: %v\n%s", err, out)
	}
	bad, err := os.ReadFile(filepath.Join(dir, "box.toml"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`"good day"`, `""`, `"greet:day"`, `"greet:dya"`, `"greet.day.text"`, `"greet.dya.text"`, "[check.unit]\nunit = \"greet:dya\"\n", "").Replace(string(bad))
	if err := os.WriteFile(filepath.Join(dir, "bad.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := in("./imgbuild", "check", "bad.toml")
	for _, want := range []string{
		"bad.toml:15:8: greet.day.text: is empty; accepted: a word", `nothing is called "greet:dya"; did you mean greet:day?`,
		`nothing makes a fact "greet.dya.text" on this machine; did you mean greet.day.text?; accepted: greet.day.text `,
	} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("check says %v, and not %q:\n%s", err, want, out)
		}
	}
	if out, err := in("./imgbuild", "test", "box.toml"); err != nil {
		t.Errorf("test: %v\n%s", err, out)
	}
	greetedByTheOwner(t, dir, in)
	// Left out, nothing of it is linked.
	if out, err := in("go", "list", "-deps", "-tags", "nogreet", "./uinit"); err != nil || strings.Contains(out, "uinit/greet") {
		t.Errorf("with nogreet: %v\n%s", err, out)
	}
}

// greetedByTheOwner proves the feature's key of site.toml: in the example on the medium, judged on a laptop, and on the box.
func greetedByTheOwner(t *testing.T, dir string, in func(name string, args ...string) (string, error)) {
	t.Helper()
	p, _, err := profile.Load("headless", profile.Find(profiles.FS)) // this program knows no greetings
	if err != nil {
		t.Fatal(err)
	}
	p.Name = "box"
	out := filepath.Join(dir, "out/box")
	medium := build.Medium(p, out, profile.FormatDisk)
	if text := fromESP(t, medium); !strings.Contains(text, "\n#[greet.day]\n#text = \"good day\"\n") {
		t.Errorf("the example on the medium:\n%s", text)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad-site.toml"), []byte("[greet.day]\ntext = \"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := in("./imgbuild", "check", "box.toml", "--site", "bad-site.toml"); err == nil || !strings.Contains(said, "bad-site.toml:2:8: greet.day.text: is empty; accepted: a word") {
		t.Errorf("check --site: %v\n%s", err, said)
	}
	kernel, initrd, cmdline := build.Artifacts(p, out)
	line, err := os.ReadFile(cmdline)
	if err != nil {
		t.Fatal(err)
	}
	a := appliance{p, boot.Options{
		Kernel: kernel, Initrd: initrd, Cmdline: strings.TrimSpace(string(line)), Run: p.Run,
		Accel: qemu.AccelTCG, Serials: boot.Serials([]string{"ttyS0"}), Password: true, Test: true,
	}, kernel}
	// The features that this test is compiled with do not know the new one.
	machines.Store(initrd, append(features.Open(), registry.Def{Pattern: "greet.NAME.text", Type: registry.Text}.At("day")))
	site := withSite(t, medium, "[greet.day]\ntext = \"hello\"\n")
	a.provesWith(t, map[string]check.Check{
		"state": {Fact: "site.state", Equals: "used"},
		"said":  {Fact: "greet.day.text", Equals: "hello from box"},
	}, qemu.Disk{ID: "medium", Path: site, Snapshot: true})
}

// copySources copies what git keeps.
func copySources(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command(needed.Program(t, "git"), "ls-files", "-z")
	cmd.Dir = ".."
	list, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the sources: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		text, err := fs.ReadFile(os.DirFS(".."), name)
		if err == nil {
			if err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err == nil {
				err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// insert puts a line behind another, which must stand in the file once.
func insert(t *testing.T, file, behind, line string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), behind) != 1 {
		t.Fatalf("%s has not just one %q", file, behind)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), behind, behind+line, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
