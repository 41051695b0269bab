package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Kill ends every process in a group: at once where the kernel can (5.14), one by one where it can't.
func Kill(dir string) {
	if dir == "" {
		return
	}
	if os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0) == nil {
		return
	}
	for range 10 { // those that were born meanwhile
		b, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		pids := strings.Fields(string(b))
		if err != nil || len(pids) == 0 {
			return
		}
		for _, text := range pids {
			if pid, err := strconv.Atoi(text); err == nil && pid > 1 {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}
}

// Enter moves this process into the group of an account's sessions, which is made where it is missing: an account
// that the profile does not have shares the limits of all. It does nothing where there are no groups.
func Enter(name string, uid int) error { return enter(Mount, name, uid) }

func enter(mount, name string, uid int) error {
	dir := filepath.Join(mount, Session(name, uid))
	if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
		return fmt.Errorf("limiting the session of %s: %w", name, err)
	}
	return nil
}

// Figure reads a number of a group: memory.current and memory.max in bytes, pids.current and pids.max; 0 where there is none, or no limit.
func Figure(dir, file string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(read(dir, file)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Counter reads a number of a group's file of lines "NAME NUMBER", such as memory.events; 0 where there is none.
func Counter(dir, file, name string) int64 {
	for line := range strings.Lines(read(dir, file)) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			return n
		}
	}
	return 0
}

func read(dir, file string) string {
	if dir == "" {
		return ""
	}
	b, _ := os.ReadFile(filepath.Join(dir, file))
	return string(b)
}

// Held is how much memory in bytes the work of a machine holds that the kernel could not take back; before Make there is none.
func Held(mount string) int64 {
	dir := filepath.Join(mount, work)
	cache := Counter(dir, "memory.stat", "file") - Counter(dir, "memory.stat", "shmem")
	return max(Figure(dir, "memory.current")-cache, 0)
}

// Room is how much memory in bytes the work of a machine may still take, of what the machine has.
func (t Tree) Room(available int64) int64 {
	if limit := Figure(filepath.Join(t.dir, work), "memory.max"); t.dir != "" && limit > 0 {
		return min(available, limit-Held(t.dir))
	}
	return available
}
