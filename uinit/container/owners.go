package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/thread"
)

// owners are user namespaces in which nobody is, by the first number that they have of this machine's: the kernel shows volumes by them.
type owners struct {
	mu   sync.Mutex
	each map[uint32]*os.File
}

// of is the namespace whose root is a number of this machine.
func (o *owners) of(first uint32) (*os.File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.each[first]; f != nil {
		return f, nil
	}
	f, err := makeOwners(first)
	if err != nil {
		return nil, fmt.Errorf("making a user namespace: %w", err)
	}
	o.each[first] = f
	return f, nil
}

// makeOwners starts a program that stops before its first instruction (ptrace(2), PTRACE_TRACEME), for a namespace begins with a process.
func makeOwners(first uint32) (f *os.File, err error) {
	err = thread.Alone(func() error { // whoever traces is a thread
		ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: int(first), Size: spec.OwnersEach}}
		const program = "/proc/self/exe" // of which nothing is ever run
		p, err := os.StartProcess(program, []string{program}, &os.ProcAttr{Sys: &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids, Ptrace: true}})
		if err != nil {
			return err
		}
		f, err = os.Open(fmt.Sprintf("/proc/%d/ns/user", p.Pid))
		err = errors.Join(err, p.Kill())
		_, _ = p.Wait()
		return err
	})
	return f, err
}

// disown gives the files of a writable root that another range of numbers owned to the one that its container has now: a profile with
// one container more may have moved it. What was begun is gone on with: the ranges have nothing in common.
func disown(disk string, first uint32) error {
	record := filepath.Join(disk, "owners")
	b, err := bounded.Read(record, 64)
	if errors.Is(err, fs.ErrNotExist) {
		return bounded.Write(record, fmt.Appendf(nil, "%d\n", first), 0o600)
	}
	if err != nil {
		return err
	}
	text := strings.TrimSpace(string(b))
	was, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return fmt.Errorf("%s says %q, which is no number", record, text)
	}
	if uint32(was) == first {
		return nil
	}
	moved := func(id uint32) int {
		if inner := id - uint32(was); inner < spec.OwnersEach {
			return int(first + inner)
		}
		return -1
	}
	err = filepath.WalkDir(filepath.Join(disk, "upper"), func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		now := info.Sys().(*syscall.Stat_t)
		uid, gid := moved(now.Uid), moved(now.Gid)
		if uid < 0 && gid < 0 {
			return nil
		}
		err = unix.Lchown(at, uid, gid)
		if special := now.Mode & (unix.S_ISUID | unix.S_ISGID); err == nil && special != 0 && info.Mode().IsRegular() { // which chown takes away
			err = unix.Fchmodat(unix.AT_FDCWD, at, now.Mode&0o7777, 0)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("giving its files to other numbers: %w", err)
	}
	return bounded.Write(record, fmt.Appendf(nil, "%d\n", first), 0o600)
}
