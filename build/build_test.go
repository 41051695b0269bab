package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// shared is a cache that all tests here use, so that uinit is compiled once.
var shared string

func TestMain(m *testing.M) {
	if os.Getenv(fullDiskEnv) != "" {
		os.Exit(onFullDisk())
	}
	if dir := os.Getenv(killEnv); dir != "" {
		os.Exit(buildIn(dir))
	}
	dir, err := os.MkdirTemp("", "imgbuild-test-")
	if err != nil {
		panic(err)
	}
	shared = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func env(t *testing.T, cacheDir string) *Env {
	t.Helper()
	e, err := NewEnv(cacheDir, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestArtifacts(t *testing.T) {
	dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n")
	buildtest.Write(t, filepath.Join(dir, "site/etc/motd"), "hello\n")
	out := filepath.Join(dir, "out")
	made, err := env(t, shared).Build(t.Context(), p, out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range made {
		names = append(names, a.Name)
	}
	want := []string{"box-kernel", "box-initrd.img", "box-cmdline", "box.sbom.spdx.json", "box.licenses.tar.zst", "box.manifest.json", "SHA256SUMS"}
	if !slices.Equal(names, want) {
		t.Errorf("made %v, want %v", names, want)
	}
	check := exec.Command("sha256sum", "-c", "--quiet", "SHA256SUMS")
	check.Dir = out
	if text, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum -c: %v\n%s", err, text)
	}
	var m Manifest
	text, _ := os.ReadFile(filepath.Join(out, "box.manifest.json"))
	if err := json.Unmarshal(text, &m); err != nil || m.Kernel != "6.1.0-test" || m.Go == "" || len(m.GoModules) == 0 {
		t.Errorf("manifest %+v: %v", m, err)
	}
	files := unpack(t, filepath.Join(out, "box-initrd.img"))
	if string(files["etc/motd"].Body) != "hello\n" || files["init"].Mode.Perm() != 0o755 || files["etc/shadow"].Mode.Perm() != 0o600 {
		t.Errorf("motd %q, init %v, shadow %v", files["etc/motd"].Body, files["init"].Mode, files["etc/shadow"].Mode)
	}
	left, err := os.ReadDir(out)
	if err != nil || len(left) != len(want) {
		t.Errorf("the output directory holds %v", left)
	}
}

// unpack reads an initramfs with the project's own reader.
func unpack(t *testing.T, file string) map[string]tree.File {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	files := map[string]tree.File{}
	r := cpio.NewReader(f, 1<<30)
	defer r.Close()
	for {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Path] = tree.File{Path: entry.Path, Mode: entry.Mode, Body: body}
	}
	return files
}

// The same profile gives the same bytes in another folder, under another umask,
// from an empty cache.
func TestSameBytesAnywhere(t *testing.T) {
	const text = "[user.eve]\n[image]\noverlays = [\"site\"]\n"
	var sums []string
	for _, umask := range []int{0o022, 0o077} {
		dir, p := buildtest.World(t, text)
		buildtest.Write(t, filepath.Join(dir, "site/usr/bin/sh"), "#!/bin/sh\n")
		old := syscall.Umask(umask)
		made, err := env(t, filepath.Join(dir, "cache")).Build(t.Context(), p, filepath.Join(dir, "out"), Options{})
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, fmt.Sprint(made[0].SHA256, made[1].SHA256, made[3].SHA256, made[4].SHA256, made[5].SHA256))
	}
	if sums[0] != sums[1] {
		t.Errorf("two builds differ:\n%s\n%s", sums[0], sums[1])
	}
}

func TestTwoBuildsAtOnce(t *testing.T) {
	dir, p := buildtest.World(t, "")
	cacheDir := filepath.Join(dir, "cache")
	errs := make(chan error, 2)
	for i := range 2 {
		go func() {
			_, err := env(t, cacheDir).Build(t.Context(), p, filepath.Join(dir, fmt.Sprint("out", i)), Options{})
			errs <- err
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	a, _ := os.ReadFile(filepath.Join(dir, "out0/SHA256SUMS"))
	b, _ := os.ReadFile(filepath.Join(dir, "out1/SHA256SUMS"))
	if len(a) == 0 || string(a) != string(b) {
		t.Errorf("builds that ran at once differ:\n%s\n%s", a, b)
	}
}

func TestInterruptedBuildChangesNothing(t *testing.T) {
	dir, p := buildtest.World(t, "")
	out := filepath.Join(dir, "out")
	e := env(t, filepath.Join(dir, "cache"))
	if _, err := e.Build(t.Context(), p, out, Options{}); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, out)
	// The second build is called off at the first byte that it packs.
	ctx, cancel := context.WithCancel(t.Context())
	e = env(t, filepath.Join(dir, "cache2"))
	e.Progress = whenStep{"compressing", cancel}
	if _, err := e.Build(ctx, p, out, Options{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want an interruption", err)
	}
	if after := snapshot(t, out); after != before {
		t.Errorf("the output directory changed:\n%s\n%s", before, after)
	}
	if _, err := env(t, filepath.Join(dir, "cache2")).Build(t.Context(), p, out, Options{}); err != nil {
		t.Errorf("the cache is not sound afterwards: %v", err)
	}
}

// whenStep calls a function when a step begins.
type whenStep struct {
	prefix string
	do     func()
}

func (w whenStep) Step(name string, total int64) progress.Step {
	if strings.HasPrefix(name, w.prefix) {
		w.do()
	}
	return progress.Discard.Step(name, total)
}
func (whenStep) Note(string, ...any) {}

// snapshot is every file in a directory with its size and time.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			info, _ := d.Info()
			fmt.Fprintln(&b, p, info.Size(), info.ModTime().Format(time.RFC3339Nano))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLock(t *testing.T) {
	dir, p := buildtest.World(t, "")
	e := env(t, shared)
	o := Options{LockFile: filepath.Join(dir, "box.lock"), Locked: true}
	if _, err := e.Prepare(t.Context(), p, o); err == nil || !strings.Contains(err.Error(), "imgbuild lock") {
		t.Errorf("without a lock file: %v", err)
	}
	image, err := e.Prepare(t.Context(), p, Options{LockFile: o.LockFile, Update: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := image.Lock.Write(o.LockFile); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Prepare(t.Context(), p, o); err != nil {
		t.Errorf("as locked: %v", err)
	}
	pinned, err := lock.Read(o.LockFile)
	if err != nil {
		t.Fatal(err)
	}
	pinned.Go = "go1.0"
	pinned.Module[0].Version = "v0.0.0"
	if err := pinned.Write(o.LockFile); err != nil {
		t.Fatal(err)
	}
	_, err = e.Prepare(t.Context(), p, o)
	if err == nil || !strings.Contains(err.Error(), "go toolchain: go1.0 → "+image.Lock.Go) || !strings.Contains(err.Error(), "module "+pinned.Module[0].Path) {
		t.Errorf("drift: %v", err)
	}
	buildtest.Write(t, o.LockFile, "requested = [\"linux-image-amd64\"]\n")
	if _, err := e.Prepare(t.Context(), p, o); err == nil || !strings.Contains(err.Error(), "pins linux-image-amd64") {
		t.Errorf("a lock for something else: %v", err)
	}
}

func TestProblemsBeforeAnyWork(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"[image]\ncommands = [\"catt\"]\n", `image.commands[0]: there is no command "catt"; did you mean cat?`},
		{"[image]\noverlays = [\"sit\"]\n", `image.overlays[0]: there is no overlay "sit"`},
		{"[image]\noverlays = [\"bad\"]\n", "image.overlays[0]: reading overlay bad: etc/link: the link to ../../etc leaves the overlay"},
		{"[image]\noverlays = [\"\"]\n", `image.overlays[0]: "" is the directory of the profile or one above it, with all that lies there; accepted: a directory of its own`},
		{"[image]\noverlays = [\"bad/..\"]\n", `image.overlays[0]: "bad/.." is the directory of the profile or one above it`},
		{"[image]\noverlays = [\"../..\"]\n", `image.overlays[0]: "../.." is the directory of the profile or one above it`},
		{"[service.probe]\ncommand = [\"/usr/bin/probe\"]\n", "service.probe.command: nothing brings /usr/bin/probe"},
		{"[check.probe]\ncommand = [\"probe\", \"-a\"]\n", "check.probe.command: nothing brings probe"},
		{"[check.probe]\ncommand = [\"/usr/bin/probe\"]\n", "check.probe.command: nothing brings /usr/bin/probe"},
		{"[module.nope]\nload = true\n", "module.nope: kernel 6.1.0-test has no module nope"},
	} {
		dir, p := buildtest.World(t, tc.text)
		buildtest.Write(t, filepath.Join(dir, "bad/etc/motd"), "x")
		if err := os.Symlink("../../etc", filepath.Join(dir, "bad/etc/link")); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "out")
		_, err := env(t, shared).Build(t.Context(), p, out, Options{})
		var problems profile.Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s\n got %v\nwant %s", tc.text, err, tc.want)
		}
		if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("an output directory was left behind: %v", err)
		}
	}
}

// A build leaves no more in the cache than its limit, but for what is young.
func TestCacheStaysWithinItsLimit(t *testing.T) {
	dir, p := buildtest.World(t, "")
	e := env(t, filepath.Join(dir, "cache"))
	if _, err := e.Build(t.Context(), p, filepath.Join(dir, "out"), Options{}); err != nil {
		t.Fatal(err)
	}
	if err := e.Cache.Close(); err != nil { // as when the process ends
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * young)
	err := filepath.WalkDir(filepath.Join(dir, "cache", "entry"), func(p string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(p, old, old))
	})
	if err != nil {
		t.Fatal(err)
	}
	before, err := e.Cache.List()
	if err != nil || len(before) == 0 {
		t.Fatal(before, err)
	}
	e.Limit = 1
	e.tidy()
	if after, err := e.Cache.List(); err != nil || len(after) != 0 {
		t.Errorf("of %d entries %v stayed: %v", len(before), after, err)
	}
	t.Setenv(limitEnv, "lots")
	if _, err := NewEnv(filepath.Join(dir, "cache"), progress.Discard); err == nil || !strings.Contains(err.Error(), limitEnv) {
		t.Errorf("a limit that is none: %v", err)
	}
}
