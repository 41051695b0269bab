package qemu_tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
)

// From a clone to a login prompt, with nothing compiled and no package downloaded: what a newcomer waits for, phase by phase, and
// how long that person sees nothing at all. Go's modules are there, and the packages come over whatever network there is.
func TestBenchClone(t *testing.T) {
	b := benchmark(t)
	home := t.TempDir()
	dir := filepath.Join(home, "src")
	if out, err := exec.Command("git", "clone", "-q", "..", dir).CombinedOutput(); err != nil {
		t.Fatalf("cloning: %v: %s", err, out)
	}
	env := append(os.Environ(), "GOCACHE="+filepath.Join(home, "go"), "IMGBUILD_CACHE="+filepath.Join(home, "cache"), "XDG_STATE_HOME="+filepath.Join(home, "state"))
	heard := &silence{last: time.Now()}
	var all, cpu time.Duration
	for _, phase := range []struct {
		name string
		line []string
	}{
		{"compiling imgbuild", []string{".ci/compile", "out/.bin"}},
		{"the first image", []string{"out/.bin/imgbuild", "build", "headless"}},
		{"boot to the prompt", []string{"out/.bin/imgbuild", "run", "headless", "--until", "login: ", "--timeout", "2m"}},
	} {
		cmd := exec.Command(phase.line[0], phase.line[1:]...)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, heard, heard
		u, err := bench.Run(cmd)
		if err != nil {
			t.Fatalf("%s: %v\n%s", phase.name, err, heard.text)
		}
		b.add(bench.Figure{Name: "clone: " + phase.name, Value: u.Wall.Seconds(), Unit: "s", Note: fmt.Sprintf("%.1f CPU s", u.CPU.Seconds())})
		all, cpu = all+u.Wall, cpu+u.CPU
	}
	b.add(bench.Figure{Name: "from clone to login prompt", Value: all.Seconds(), Bound: 60, Unit: "s", Note: fmt.Sprintf("%.1f CPU s", cpu.Seconds())})
	b.add(bench.Figure{Name: "longest silence on the way", Value: heard.longest.Seconds(), Bound: 5, Unit: "s"})
}

// silence listens to a program and notes how long it said nothing.
type silence struct {
	text    []byte
	last    time.Time
	longest time.Duration
}

func (s *silence) Write(b []byte) (int, error) {
	s.longest, s.last = max(s.longest, time.Since(s.last)), time.Now()
	s.text = append(s.text, b...)
	return len(b), nil
}
