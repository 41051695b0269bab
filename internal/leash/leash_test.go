package leash

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

const scriptEnv = "LEASH_TEST_SCRIPT"

// TestMain lets the test binary be a process that runs a program on a leash.
func TestMain(m *testing.M) {
	if script := os.Getenv(scriptEnv); script != "" {
		cmd := Command(context.Background(), syscall.SIGTERM, "sh", "-c", script)
		cmd.Stdout = os.Stdout
		if err := cmd.Run(); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// family is a script that starts a grandchild in the background, both deaf to polite signals, says so
// and never ends. Both hold standard output open: its end is their end.
const family = `trap "" TERM INT HUP PIPE; (while :; do sleep 1000; done) & echo up; while :; do sleep 1000; done`

// ends tells whether all who hold the pipe are gone within a time that only a failure takes.
func ends(t *testing.T, r *os.File) bool {
	t.Helper()
	if err := r.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := r.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func TestKilledParentTakesAllWithIt(t *testing.T) {
	r, w := pipe(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), scriptEnv+"="+family)
	parent.Stdout = w
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if line, err := bufio.NewReaderSize(r, 16).ReadString('\n'); line != "up\n" {
		t.Fatalf("the program says %q: %v", line, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait()
	if !ends(t, r) {
		t.Error("what the killed process started runs on")
	}
}

func TestEndOfContext(t *testing.T) {
	r, w := pipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	cmd := Command(ctx, syscall.SIGTERM, "sh", "-c", `trap "echo asked; exit 3" TERM; (trap "" TERM; sleep 1000) & echo up; wait`)
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	lines := bufio.NewReaderSize(r, 16)
	if line, err := lines.ReadString('\n'); line != "up\n" {
		t.Fatalf("the program says %q: %v", line, err)
	}
	cancel()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("error %v", err)
	}
	if line, _ := lines.ReadString('\n'); line != "asked\n" {
		t.Errorf("it was not asked to end, but says %q", line)
	}
	if !ends(t, r) {
		t.Error("its child runs on")
	}
}

func TestWhatItLeavesBehindEnds(t *testing.T) {
	r, w := pipe(t)
	cmd := Command(t.Context(), syscall.SIGTERM, "sh", "-c", "sleep 1000 & exit 0")
	cmd.Stdout = w
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	w.Close()
	if !ends(t, r) {
		t.Error("its child runs on")
	}
}

func TestAsExecCmd(t *testing.T) {
	var out bytes.Buffer
	cmd := Command(t.Context(), syscall.SIGTERM, "cat")
	cmd.Stdin, cmd.Stdout = strings.NewReader("through"), &out
	if err := cmd.Run(); err != nil || out.String() != "through" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if err := Command(t.Context(), syscall.SIGTERM, "imgbuild-has-no-such-program").Run(); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	var exit *exec.ExitError
	if err := Command(t.Context(), syscall.SIGTERM, "sh", "-c", "exit 7").Run(); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("error %v", err)
	}
}
