// Command bare says what it can't do, and then what it reads, until there is no more.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	_, reading := os.ReadDir("/")
	writing := os.WriteFile("/file", nil, 0o600)
	_, socket := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	child := (&exec.Cmd{Path: "/x"}).Run()
	for what, err := range map[string]error{
		"reading": reading, "writing": writing, "socket": socket, "child": child,
		"unshare": unix.Unshare(unix.CLONE_NEWUSER), "kill": unix.Kill(1, syscall.SIGKILL), "ptrace": unix.PtraceAttach(1),
		"setuid": syscall.Setuid(0), "mount": unix.Mount("a", "/", "tmpfs", 0, ""), "bpf": raw(unix.SYS_BPF), "io_uring": raw(unix.SYS_IO_URING_SETUP),
		"fork": fork(),
	} {
		if err == nil {
			fmt.Println("can do:", what)
		}
	}
	fmt.Println("env", os.Environ(), os.Args)
	fmt.Println("ready")
	_, _ = io.Copy(os.Stdout, os.Stdin)
}

// fork makes a process that ends at once.
func fork() error {
	child, _, errno := syscall.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
	switch {
	case errno != 0:
		return errno
	case child == 0:
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return nil
}

// raw makes a system call with nonsense. One that complains about that is allowed.
func raw(call uintptr) error {
	if _, _, errno := unix.Syscall(call, 0, 0, 0); errno != unix.EINVAL && errno != unix.EFAULT && errno != 0 {
		return errno
	}
	return nil
}
