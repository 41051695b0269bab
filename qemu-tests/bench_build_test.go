package qemu_tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/internal/bench"
)

// workshop is a checkout of its own with a compiled imgbuild, caches of its own, and
// a profile to build.
type workshop struct {
	t                  *testing.T
	dir, program, home string
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	dir := t.TempDir()
	w := &workshop{t: t, dir: filepath.Join(dir, "src"), program: filepath.Join(dir, "imgbuild"), home: filepath.Join(dir, "home")}
	w.must(exec.Command("git", "clone", "-q", "..", w.dir))
	build := exec.Command("go", "build", "-o", w.program, "./cmd/imgbuild")
	build.Dir = w.dir
	w.must(build)
	w.write("box.toml", "extends = \"headless\"\n")
	return w
}

func (w *workshop) must(cmd *exec.Cmd) {
	w.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

func (w *workshop) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// imgbuild measures one run of the built program.
func (w *workshop) imgbuild(args ...string) bench.Usage {
	w.t.Helper()
	cmd := exec.Command(w.program, args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "IMGBUILD_CACHE="+filepath.Join(w.home, "cache"), "XDG_STATE_HOME="+filepath.Join(w.home, "state"), "GOCACHE="+filepath.Join(w.home, "go"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	u, err := bench.Run(cmd)
	if err != nil {
		w.t.Fatalf("imgbuild %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	return u
}

// peerVersion and peerCommands are what mkuimage, the builder that u-root's people make, is asked for: u-root's core commands,
// of the version that we take ours from.
const peerVersion, peerCommands = "github.com/u-root/mkuimage/cmd/mkuimage@v0.2.0", "./cmds/core/*"

// peer measures an initramfs of mkuimage's making. It compiles everything anew each time, as a first build has to; so it tells
// a slow machine from a slow build.
func (w *workshop) peer() bench.Usage {
	w.t.Helper()
	install := exec.Command("go", "install", peerVersion)
	install.Env = append(os.Environ(), "GOBIN="+w.home)
	w.must(install)
	find := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/u-root/u-root")
	find.Dir = w.dir
	dir, err := find.Output()
	if err != nil {
		w.t.Fatalf("finding u-root's source: %v", err)
	}
	build := exec.Command(filepath.Join(w.home, "mkuimage"), "-format=cpio", "-o", filepath.Join(w.home, "peer.cpio"), peerCommands)
	build.Dir = strings.TrimSpace(string(dir))
	build.Env = append(os.Environ(), "GOCACHE="+filepath.Join(w.home, "peer-go"))
	u, err := bench.Run(build)
	if err != nil {
		w.t.Fatalf("measuring mkuimage: %v", err)
	}
	return u
}

// What a build costs: the first one, one after a change of the profile, one after a
// change of uinit.
func TestBenchBuild(t *testing.T) {
	b := benchmark(t)
	w := newWorkshop(t)
	// Packages downloaded and nothing else: the bound is on what a machine does, not on its network.
	w.imgbuild("build", "box.toml")
	for _, made := range []string{"go", "cache/entry/uinit", "cache/entry/busybox", "cache/entry/segment", "cache/entry/kmod", "cache/entry/deb-tree-1"} {
		if err := os.RemoveAll(filepath.Join(w.home, made)); err != nil {
			t.Fatal(err)
		}
	}
	first := w.imgbuild("build", "box.toml")
	b.add(bench.Figure{Name: "first build, packages downloaded", Value: first.CPU.Seconds(), Bound: 60, Unit: "CPU s", Note: fmt.Sprintf("%.1f s in all", first.Wall.Seconds())})
	peer := w.peer()
	b.add(bench.Figure{
		Name: "that build beside u-root's own tool", Value: first.CPU.Seconds() / peer.CPU.Seconds(), Unit: "of its CPU",
		Note: fmt.Sprintf("%.0f CPU s; where the bound was set, it took 54", peer.CPU.Seconds()),
	})
	b.add(bench.Figure{Name: "peak memory of that build, imgbuild", Value: float64(first.Own) / 1e6, Bound: 600, Unit: "MB"})
	b.add(bench.Figure{Name: "peak memory of its largest process", Value: float64(first.Largest) / 1e6, Bound: 600, Unit: "MB", Note: fmt.Sprintf("all at once %.0f MB", float64(first.Together)/1e6)})

	var profile, source []float64
	for i := range 5 {
		w.write("box.toml", fmt.Sprintf("extends = \"headless\"\nhostname = \"box%d\"\n", i))
		profile = append(profile, w.imgbuild("build", "box.toml").Wall.Seconds())
	}
	// The floor of a rebuild is copying what it writes.
	copying := exec.Command("cp", "-r", "out/box", "copy")
	copying.Dir = w.dir
	floor, err := bench.Run(copying)
	if err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{Name: "rebuild after a line of the profile", Value: bench.Median(profile), Bound: 0.25, Unit: "s", Note: fmt.Sprintf("copying the artifacts takes %.3f s", floor.Wall.Seconds())})
	main := filepath.Join(w.dir, "uinit", "main.go")
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := os.WriteFile(main, fmt.Appendf(text, "\n// Change is %d.\nconst change%d = %d\n", i, i, i), 0o644); err != nil {
			t.Fatal(err)
		}
		source = append(source, w.imgbuild("build", "box.toml").Wall.Seconds())
	}
	b.add(bench.Figure{Name: "rebuild after a line of uinit", Value: bench.Median(source), Bound: 3, Unit: "s"})
	initrd, err := os.Stat(filepath.Join(w.dir, "out/box/box-initrd.img"))
	if err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{Name: "initramfs, generic kernel, zstd", Value: float64(initrd.Size()) / 1e6, Bound: 14, Unit: "MB"})
	size := fileSize(t, filepath.Join(w.dir, "out/box/box-initrd.img"), "init")
	b.add(bench.Figure{Name: "uinit, stripped", Value: float64(size) / 1e6, Bound: uinitBound, Unit: "MB"})
}

// fileSize reads an initramfs for the size of one of its files.
func fileSize(t *testing.T, archive, path string) int64 {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := cpio.NewReader(f, 1<<30)
	defer r.Close()
	for {
		entry, err := r.Next()
		if err != nil {
			t.Fatalf("looking for %s: %v", path, err)
		}
		if entry.Path == path {
			return entry.Size
		}
	}
}

// Two folders, two umasks, two users: the same bytes.
func TestBenchSameBytes(t *testing.T) {
	if !measuring() && !full() {
		t.Skip("it builds twice from scratch; make bench and make test-full run it")
	}
	if os.Getuid() != 0 {
		t.Skip("only root can build as two users")
	}
	var sums []string
	for _, who := range []struct{ uid, umask int }{{0, 0o022}, {65534, 0o077}} {
		w := newWorkshop(t)
		if err := os.MkdirAll(w.home, 0o755); err != nil {
			t.Fatal(err)
		}
		for dir := w.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		w.must(exec.Command("chown", "-R", fmt.Sprint(who.uid), w.dir, w.home))
		cmd := exec.Command("sh", "-c", fmt.Sprintf("umask %03o && exec %s build box.toml", who.umask, w.program))
		cmd.Dir = w.dir
		cmd.Env = append(os.Environ(), "HOME="+w.home, "TMPDIR="+w.home, "IMGBUILD_CACHE="+w.home+"/cache", "XDG_STATE_HOME="+w.home+"/state", "GOCACHE="+w.home+"/go",
			// A module cache of its own too; removable, for the test to tidy up.
			"GOMODCACHE="+w.home+"/mod", "GOFLAGS=-modcacherw")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(who.uid), Gid: uint32(who.uid)}}
		w.must(cmd)
		text, err := os.ReadFile(filepath.Join(w.dir, "out/box/SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, string(text))
	}
	if sums[0] != sums[1] {
		t.Errorf("two users, folders and umasks made different bytes:\n%s\n%s", sums[0], sums[1])
	}
}
