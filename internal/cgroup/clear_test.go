package cgroup

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A group that an init has divided is one that takes processes again.
func TestClear(t *testing.T) {
	dir := kernel(t)
	inner := filepath.Join(dir, "system.slice", "a.service")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	in := func(group string) *exec.Cmd {
		t.Helper()
		f, err := os.Open(group)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd := exec.Command("/bin/sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(f.Fd())}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	cmd := in(inner)
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	if err := Clear(dir); err != nil {
		t.Fatal(err)
	}
	<-ended
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			t.Errorf("there still is %s, %v", e.Name(), err)
		}
	}
	for _, dir := range []string{"", filepath.Join(dir, "none")} {
		if err := Clear(dir); err != nil {
			t.Errorf("of %q: %v", dir, err)
		}
	}
}
