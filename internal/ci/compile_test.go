package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Who stops a compilation finds nothing of it in /tmp, where Go leaves its folder at signals.
func TestStoppedCompilationLeavesNothing(t *testing.T) {
	dir, tmp := t.TempDir(), t.TempDir()
	compiler, started := filepath.Join(dir, "go"), filepath.Join(dir, "started")
	const text = `#!/bin/sh
mktemp -d -p "${GOTMPDIR:-$TMPDIR}" go-buildXXXXXX
echo started >"$STARTED"
exec sleep 60
`
	if err := os.WriteFile(compiler, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(started, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("../../.ci/compile", dir)
	cmd.Env = append(os.Environ(), "GO="+compiler, "TMPDIR="+tmp, "GOTMPDIR=", "STARTED="+started)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(started); err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("it ended with %v, want status 130", err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
