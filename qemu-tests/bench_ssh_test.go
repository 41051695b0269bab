package qemu_tests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// What a change costs who logs in by SSH for one command, "ssh box true", in turn at two boxes. The bound is on the time that a
// person waits: what a box does between two logins, such as making ready for the next, is not in it.
func TestBenchLogin(t *testing.T) {
	b := benchmark(t)
	commit := os.Getenv(envBefore)
	if commit == "" {
		t.Skip("nothing to measure beside: make bench BEFORE=COMMIT names it")
	}
	for _, program := range []string{"ssh", "ssh-keygen"} {
		needed.Program(t, program)
	}
	const logins, bound = 41, 1.05
	key := filepath.Join(t.TempDir(), "id")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	a := built(t, "headless")
	before, now := twoTrees(t, commit)
	cpu := map[*workshop][]float64{}
	var enter []func() (float64, error)
	for _, w := range []*workshop{before, now} {
		w.write("box.toml", fmt.Sprintf("extends = \"headless\"\n[ssh]\n[user.root]\nauthorized_keys = [%q]\n", strings.TrimSpace(string(public))))
		w.imgbuild("build", "box.toml")
		g, port := a.entered(t, w, "box")
		login := func() (float64, error) { return login(t.Context(), key, port) }
		// The first reads the programs, and one process is ready for the next from then on.
		if _, err := login(); err != nil {
			t.Fatal(err)
		}
		enter = append(enter, func() (float64, error) {
			begin, err := g.CPU()
			if err != nil {
				return 0, err
			}
			took, err := login()
			if err != nil {
				return 0, err
			}
			end, err := g.CPU()
			cpu[w] = append(cpu[w], (end - begin).Seconds())
			return took, err
		})
	}
	samples, err := bench.Interleave(logins, enter...)
	if err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{
		Name: "a login by SSH for one command", Value: bench.Ratio(samples[1], samples[0]), Bound: bound, Unit: "of that at " + commit,
		Note: fmt.Sprintf("%.3f s, before %.3f; the box's CPU meanwhile %.3f s, before %.3f", bench.Median(samples[1]), bench.Median(samples[0]), bench.Median(cpu[now]), bench.Median(cpu[before])),
	})
}

// entered boots what a workshop has built until its SSH server can be reached at a port of this machine.
func (a appliance) entered(t *testing.T, w *workshop, name string) (g *qemu.Guest, port string) {
	t.Helper()
	config := a.prepared(t, w, name).Config
	port = freePort(t)
	config.NICs[0].Backend = "user,hostfwd=tcp:127.0.0.1:" + port + "-:22"
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	g, err := qemu.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Kill() })
	if err := g.Report().Until(ctx, func(s *report.State) bool {
		return s.Boot != nil && s.Units["service:ssh"].State == "ok" && s.Units["online:lan"].State == "ok"
	}); err != nil {
		t.Fatalf("waiting for the SSH server: %v", err)
	}
	return g, port
}

// login returns the seconds that one takes.
func login(ctx context.Context, key, port string) (float64, error) {
	cmd := exec.CommandContext(ctx, "ssh", "-F", "/dev/null", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "IdentityAgent=none",
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-i", key, "-p", port, "root@127.0.0.1", "true")
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begin)
	if err != nil {
		return 0, fmt.Errorf("ssh: %w\n%s", err, out)
	}
	return took.Seconds(), nil
}
