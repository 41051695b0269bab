package container

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/thread"
)

// How long a container's whole life takes whose program ends at once, from the decision to start it on, beside crun alone with the same
// bundle, whose root is mounted already.
func TestBenchStart(t *testing.T) {
	bench.Skip(t)
	if !nettest.Within(t, 2*time.Minute, unix.CLONE_NEWNS) {
		return
	}
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/true"}, Tmpfs: map[string]spec.Size{"/tmp": 1 << 20}}})
	one := b.all["web"]
	ours := func() (float64, error) {
		begin := time.Now()
		p, err := b.start(one)
		if err != nil {
			return 0, err
		}
		exit := p.Wait()
		if !exit.Success() {
			return 0, fmt.Errorf("it ended with %v", exit)
		}
		return time.Since(begin).Seconds(), nil
	}
	if _, err := ours(); err != nil { // what is mounted and written once
		t.Fatal(err)
	}
	var samples [][]float64
	if err := thread.Alone(func() (err error) {
		r, err := b.furnish(one)
		if err == nil {
			err = r.enter()
		}
		if err != nil {
			return err
		}
		alone := func() (float64, error) {
			begin := time.Now()
			cmd := exec.Command(crun, "--root", filepath.Join(one.dir, "alone"), "--cgroup-manager", "disabled", "run", "--bundle", one.dir, "web")
			cmd.Stdin = strings.NewReader("") // a pipe: crun would give the container's account /dev/null
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("crun: %w: %s", err, out)
			}
			return time.Since(begin).Seconds(), err
		}
		samples, err = bench.Interleave(41, alone, ours)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	figure := bench.Figure{
		Name: "container start, beside crun run alone", Value: bench.Ratio(samples[1], samples[0]), Bound: 1.3,
		Note: fmt.Sprintf("%.1f ms; crun %.1f ms", 1e3*bench.Median(samples[1]), 1e3*bench.Median(samples[0])),
	}
	bench.Hold(t, figure)
}
