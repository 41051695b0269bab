package scratch

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

const parentEnv = "SCRATCH_TEST_PARENT"

// TestMain lets the test binary be another process that makes a directory, and lives until it is killed.
func TestMain(m *testing.M) {
	if parent := os.Getenv(parentEnv); parent != "" {
		d, err := New(parent)
		if err == nil {
			err = os.MkdirAll(d.Join("deep/er"), 0o755)
		}
		if err != nil {
			panic(err)
		}
		fmt.Println(d.Path)
		_, _ = io.Copy(io.Discard, os.Stdin) // "select {}" would end the process: nothing could ever wake it
		runtime.KeepAlive(d)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func other(t *testing.T, parent string) (path string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentEnv+"="+parent)
	out, err := cmd.StdoutPipe()
	if err == nil {
		_, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill = func() { cmd.Process.Kill(); cmd.Wait() }
	t.Cleanup(kill)
	line := bufio.NewScanner(out)
	if !line.Scan() {
		t.Fatal("the other process made no directory")
	}
	return line.Text(), kill
}

func exists(path string) bool { _, err := os.Lstat(path); return err == nil }

func TestTheDeadAreSweptAndTheLivingAreNot(t *testing.T) {
	parent := t.TempDir()
	dead, kill := other(t, parent)
	alive, _ := other(t, parent)
	theirs := filepath.Join(parent, "imgbuild-scratch-of-a-person")
	if err := os.Mkdir(theirs, 0o755); err != nil {
		t.Fatal(err)
	}
	kill()
	d, err := New(parent)
	if err != nil {
		t.Fatal(err)
	}
	if exists(dead) || !exists(alive) || !exists(theirs) || !exists(d.Path) {
		t.Errorf("there are: dead %v, alive %v, another's %v, ours %v", exists(dead), exists(alive), exists(theirs), exists(d.Path))
	}
	for range 2 {
		if err := d.Remove(); err != nil || exists(d.Path) {
			t.Errorf("not removed: %v", err)
		}
	}
}

// Many at once: none is swept by another between its making and its locking.
func TestManyAtOnce(t *testing.T) {
	parent := t.TempDir()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				d, err := New(parent)
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(d.Join("file"), nil, 0o644); err != nil {
					t.Errorf("swept while in use: %v", err)
				}
				if err := d.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if left, _ := os.ReadDir(parent); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
