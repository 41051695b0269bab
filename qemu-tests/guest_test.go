// Package qemu_tests boots things. Every guest has a hard time limit.
package qemu_tests

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/qemu/tsc"
)

// TestMain lets one boot more run at a time than there are processors: guests wait for each other, for leases and for deadlines.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", strconv.Itoa(runtime.GOMAXPROCS(0)+1)); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// limit is for one small guest without KVM on a machine that has much else to do; it takes 3 s on a quiet one. Whoever passes does not wait for it.
const limit = 5 * time.Minute

// kernel returns the kernel that boots fastest: its serial console is built in.
func kernel(t *testing.T) string {
	t.Helper()
	return extended(t, cloud, map[string]string{}).options.Kernel
}

// guest returns a machine that boots the init in guest/ and does what it is told.
func guest(t *testing.T, behaviour string) qemu.Config {
	t.Helper()
	config := qemu.Config{
		Kernel: kernel(t), Initrd: initrd(t), Serials: 1, Memory: 256 << 20,
		Append: "console=ttyS0 quiet guest=" + behaviour,
	}
	for _, word := range qemu.KernelArgs(qemu.AccelTCG, tsc.KHz()) {
		config.Append += " " + word
	}
	return config
}

// initrd packs the init in guest/.
func initrd(t *testing.T) string {
	t.Helper()
	program := compiled(t, "./guest")
	files := []tree.File{
		{Path: "dev", Mode: os.ModeDir | 0o755},
		{Path: "dev/console", Mode: os.ModeDevice | os.ModeCharDevice | 0o600, Major: 5, Minor: 1},
		{Path: "dev/ttyS1", Mode: os.ModeDevice | os.ModeCharDevice | 0o600, Major: 4, Minor: 65},
		{Path: "one", Mode: 0o644, Body: []byte("both"), Size: 4, Same: "both"},
		{Path: "two", Mode: 0o644, Body: []byte("both"), Size: 4, Same: "both"},
		{Path: "init", Mode: 0o755, Body: program, Size: int64(len(program))},
	}
	var archive bytes.Buffer
	if err := cpio.Write(&archive, files, time.Unix(0, 0), nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(path, archive.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// programs are those that were compiled already, each once.
var programs struct {
	sync.Mutex
	of map[string][]byte
}

// compiled is a command of ours as a guest can run it, with nothing beside it.
func compiled(t *testing.T, source string) []byte {
	t.Helper()
	programs.Lock()
	defer programs.Unlock()
	if program, ok := programs.of[source]; ok {
		return program
	}
	path := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", source, err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if programs.of == nil {
		programs.of = map[string][]byte{}
	}
	programs.of[source] = program
	return program
}

// start starts a guest that is gone when the test ends.
func start(t *testing.T, c qemu.Config) *qemu.Guest {
	t.Helper()
	return startFor(t, c, limit)
}

// startFor is start for a guest that lives longer than most: it sees others boot.
func startFor(t *testing.T, c qemu.Config, limit time.Duration) *qemu.Guest {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	g, err := qemu.Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		exit := g.Kill()
		t.Logf("the guest took %.1f CPU s in %.1f s", exit.CPU.Seconds(), exit.Took.Seconds())
		if !t.Failed() {
			return
		}
		t.Logf("repeat with: %s\nended with %+v", g.Command(), exit)
		for _, c := range g.Consoles() {
			for _, line := range c.Tail(20) {
				t.Logf("%s: %s", c.Name(), line)
			}
		}
	})
	declares(t, g, c)
	return g
}
