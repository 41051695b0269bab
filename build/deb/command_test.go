package deb

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// program writes a shell script that stands in for one of apt's programs.
func program(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExecute(t *testing.T) {
	var lines []string
	out, err := execute(t.Context(), command{
		Args: []string{program(t, "echo \"$X $LC_ALL $PWD $*\"\necho one >&3\necho two >&3\n"), "word"},
		Env:  []string{"X=val"}, Dir: "/",
		Status: func(line string) { lines = append(lines, line) },
	})
	if want := "val C / -o APT::Status-Fd=3 word\n"; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
	if !slices.Equal(lines, []string{"one", "two"}) {
		t.Errorf("status lines %q", lines)
	}

	var failed *commandError
	if _, err := execute(t.Context(), command{Args: []string{program(t, "echo W: hm >&2; echo E: no >&2; exit 3")}}); !errors.As(err, &failed) || failed.Said != "no" {
		t.Errorf("error %v", err)
	}
	if _, err := execute(t.Context(), command{Args: []string{"imgbuild-has-no-such-program"}}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// TestExecuteInterrupted: what apt started ends with it, though it waits for a
// child that holds our pipe open.
func TestExecuteInterrupted(t *testing.T) {
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	begin := time.Now()
	_, err := execute(ctx, command{
		Args:   []string{program(t, "sleep 300 &\necho started >&3\nwait\n")},
		Status: func(string) { cancel(why) },
	})
	if !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}
