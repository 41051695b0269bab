package cache

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary act as another build: it fills an entry of the
// cache in CACHE_TEST_DIR, says so, and goes on when its standard input ends.
func TestMain(m *testing.M) {
	dir := os.Getenv("CACHE_TEST_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := otherBuild(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func otherBuild(dir string) error {
	c, err := OpenWith(dir, filepath.Join(filepath.Dir(dir), "index"))
	if err != nil {
		return err
	}
	fmt.Println("started")
	_, err = c.Entry(context.Background(), "k", "a", func(_ context.Context, dir string) error {
		fmt.Println("filling")
		if err := write(fmt.Sprint(os.Getpid()))(nil, dir); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
	if err == nil {
		fmt.Println("done")
	}
	return err
}

type process struct {
	*exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

func start(t *testing.T, dir string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CACHE_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	p := &process{cmd, in, bufio.NewReader(out)}
	p.expect(t, "started")
	return p
}

func (p *process) expect(t *testing.T, want string) {
	t.Helper()
	if line, err := p.out.ReadString('\n'); strings.TrimSpace(line) != want {
		t.Fatalf("the other build says %q, want %q (%v)", line, want, err)
	}
}

func TestTwoProcessesFillOnce(t *testing.T) {
	c := open(t)
	first := start(t, c.dir)
	first.expect(t, "filling")
	second := start(t, c.dir)
	first.in.Close()
	first.expect(t, "done")
	second.expect(t, "done") // without "filling"
	dir, ok := c.Lookup("k", "a")
	if want := fmt.Sprint(first.Process.Pid); !ok || read(t, dir) != want {
		t.Errorf("the entry is not the first process's")
	}
}

func TestKilledFillLeavesNothing(t *testing.T) {
	c := open(t)
	first := start(t, c.dir)
	first.expect(t, "filling")
	second := start(t, c.dir)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.Wait()
	second.expect(t, "filling")
	second.in.Close()
	second.expect(t, "done")
	dir, ok := c.Lookup("k", "a")
	if want := fmt.Sprint(second.Process.Pid); !ok || read(t, dir) != want {
		t.Errorf("the entry is not the second process's")
	}
	if left := residue(t, c); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestPruneSweepsWhatTheDeadLeft(t *testing.T) {
	c := open(t)
	dead, alive := start(t, c.dir), filepath.Join(c.dir, "tmp", "k~b")
	dead.expect(t, "filling")
	held, err := tryLock(c.lockPath("k", "b"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := os.Mkdir(alive, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Prune(0, 0); err != nil || len(residue(t, c)) != 2 {
		t.Errorf("Prune swept work in progress: %v left, %v", residue(t, c), err)
	}
	dead.Process.Kill()
	dead.Wait()
	if _, err := c.Prune(0, 0); err != nil {
		t.Fatal(err)
	}
	if left := residue(t, c); len(left) != 1 || left[0].Name() != "k~b" {
		t.Errorf("left %v", left)
	}
}
