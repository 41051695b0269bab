// Command bare says what it can't do, and then what it reads, until there is no more. As "bare connect ADDRESS" it says what it can do in
// the network, and what it is told at a TCP port there.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "connect" {
		connect(os.Args[2])
		return
	}
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

// connect has sockets of all kinds made, and joins a server.
func connect(address string) {
	for _, s := range []struct {
		what                   string
		domain, kind, protocol int
	}{
		{"tcp4", unix.AF_INET, unix.SOCK_STREAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK, 0}, {"udp6", unix.AF_INET6, unix.SOCK_DGRAM, 0},
		{"unix", unix.AF_UNIX, unix.SOCK_STREAM, 0}, {"netlink", unix.AF_NETLINK, unix.SOCK_RAW, 0}, {"packet", unix.AF_PACKET, unix.SOCK_DGRAM, 0},
		{"raw", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP}, {"sctp", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP},
		{"ping", unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, {"vsock", unix.AF_VSOCK, unix.SOCK_STREAM, 0},
	} {
		socket, err := unix.Socket(s.domain, s.kind, s.protocol)
		fmt.Println(s.what, err)
		if s.what == "tcp4" {
			fmt.Println("listen", unix.Listen(socket, 1))
		}
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		fmt.Println(err)
		return
	}
	said, err := io.ReadAll(c)
	fmt.Println(string(said), err)
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
