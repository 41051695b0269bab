package oom

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// As if it were uinit, the test's own process starts programs.
func TestWhatIsStartedDoesNotInherit(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make itself harder to kill")
	}
	before, err := read("self")
	if err != nil {
		t.Fatal(err)
	}
	if err := Set(Never); err != nil {
		t.Skipf("this place does not let root: %v", err)
	}
	t.Cleanup(func() { _ = Set(before) })
	// The shell forks at once, for each of its children too.
	const script = "cat /proc/self/oom_score_adj /proc/$$/oom_score_adj; (exec cat /proc/self/oom_score_adj) & wait; id -u; exit 3"
	for _, tt := range []struct {
		name       string
		adjustment int
		attr       *syscall.SysProcAttr
		want       string
	}{
		{"usual", Usual, nil, "0 0 0 0"},
		{"a session of its own", Door, &syscall.SysProcAttr{Setsid: true}, "-900 -900 -900 0"},
		{"an account without rights", Session, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}, "1000 1000 1000 65534"},
		{"a namespace", Guest, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}, "-500 -500 -500 0"},
		{"nothing to change", Never, nil, "-1000 -1000 -1000 0"},
	} {
		for range 20 {
			var out bytes.Buffer
			cmd := exec.Command("/bin/sh", "-c", script)
			cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = tt.attr, &out, &out
			if err := Start(cmd, tt.adjustment); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if got := strings.Join(strings.Fields(out.String()), " "); got != tt.want || cmd.ProcessState.ExitCode() != 3 {
				t.Fatalf("%s: the program and its children have %q, status %d; want %q, 3", tt.name, got, cmd.ProcessState.ExitCode(), tt.want)
			}
		}
	}
	if err := Start(exec.Command("/nowhere/program"), Usual); err == nil {
		t.Error("no error for a program that is not there")
	}
	if own, err := read("self"); own != Never || err != nil {
		t.Errorf("starting others changed this process: %d, %v", own, err)
	}
}
