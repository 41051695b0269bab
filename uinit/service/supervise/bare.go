package supervise

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/seccomp"
)

// bare becomes a program that has no rights, no files but those that it was handed, and an empty root. It lacks even the
// program's own file there, which is therefore opened before (execveat(2)).
func (e Sandbox) bare(command []string) error {
	// What is given up here is the thread's, and the program's that this thread becomes.
	runtime.LockOSThread()
	program, err := unix.Open(command[0], unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("starting %s: %w", command[0], err)
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"emptying the root", emptyRoot},
		{"giving up capabilities", func() error { return dropBounds(0) }},
		{"closing files", func() error { return unix.CloseRange(3+uint(e.Files), math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) }},
		{"limiting it", limitBare},
		{"changing the account", e.become},
		{"giving up capabilities", func() error { return keepCapabilities(0, false) }}, // those that could be inherited
		{"giving up new rights", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
		{"filtering system calls", bareFilter(e.Connects).Thread},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return fmt.Errorf("starting %s: %w", command[0], execute(program, command))
}

// emptyRoot makes an empty directory the root, which nobody writes to. pivot_root(2) can't take the place of an initramfs;
// what lay at the root stays mounted below, where no path leads.
func emptyRoot() error {
	const at = "/run"
	if err := unix.Mount("empty", at, "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=555,size=4k"); err != nil {
		return err
	}
	if err := unix.Chdir(at); err != nil {
		return err
	}
	return errors.Join(unix.Mount(at, "/", "", unix.MS_MOVE, ""), unix.Chroot("."), unix.Chdir("/"))
}

// bareFiles is how many files a bare program may have open, connections among them; bareTasks how many threads, should there
// be no control groups.
const bareFiles, bareTasks = 256, 64

func limitBare() error {
	var failed []error
	for which, most := range map[int]uint64{
		unix.RLIMIT_NOFILE: bareFiles, unix.RLIMIT_NPROC: bareTasks,
		unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0, unix.RLIMIT_MEMLOCK: 0, unix.RLIMIT_MSGQUEUE: 0,
	} {
		failed = append(failed, unix.Setrlimit(which, &unix.Rlimit{Cur: most, Max: most}))
	}
	return errors.Join(failed...)
}

// execute replaces this process by an open program. It returns only an error.
func execute(program int, command []string) error {
	none, err := syscall.BytePtrFromString("")
	if err != nil {
		return err
	}
	args, err := syscall.SlicePtrFromStrings(command)
	if err != nil {
		return err
	}
	env, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return err
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(program), uintptr(unsafe.Pointer(none)),
		uintptr(unsafe.Pointer(&args[0])), uintptr(unsafe.Pointer(&env[0])), unix.AT_EMPTY_PATH, 0)
	return errno
}

// bareFilter lets it work on what it has open, and on connections that it makes where it is to.
func bareFilter(connects bool) seccomp.Filter {
	calls := []uint32{unix.SYS_PREAD64, unix.SYS_LSEEK, unix.SYS_UNAME, unix.SYS_ACCEPT4, unix.SYS_SET_TID_ADDRESS,
		unix.SYS_EXECVEAT} // by which the program itself comes; in an empty root it finds no other
	if connects {
		return seccomp.Connecting(calls...)
	}
	return seccomp.Open(calls...)
}
