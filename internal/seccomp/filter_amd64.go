// Package seccomp makes filters of system calls, as programs of the kernel's packet filter (seccomp(2)), and holds threads to them.
package seccomp

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Filter is such a program.
type Filter []unix.SockFilter

// Offsets in struct seccomp_data (include/uapi/linux/seccomp.h), and the architecture's number (linux/audit.h).
const (
	CallNumber, CallArch, CallFlags    = 0, 4, 16
	callDomain, callType, callProtocol = 16, 24, 32
	ArchX8664                          = 0xc000003e
)

// What an instruction does (Documentation/networking/filter.rst).
const (
	Load      = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	JumpEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	JumpAbove = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K
	JumpAny   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	Answer    = unix.BPF_RET | unix.BPF_K
	and       = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
)

// Allow lets a call pass, Refuse answers EPERM, and Lack what a kernel says that does not know the call, ENOSYS.
var (
	Allow  = unix.SockFilter{Code: Answer, K: unix.SECCOMP_RET_ALLOW}
	Refuse = unix.SockFilter{Code: Answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}
	Lack   = unix.SockFilter{Code: Answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)}
)

// Numbered begins a filter for calls of this architecture, and loads the call's number.
func Numbered() Filter {
	return Filter{
		{Code: Load, K: CallArch}, {Code: JumpEqual, K: ArchX8664, Jt: 1}, {Code: Answer, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: Load, K: CallNumber},
	}
}

// open is what a Go program needs that works on open files and connections, and to run at all. Those that open, execute, trace,
// signal others, mount or make sockets are not among them.
var open = []uint32{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_FCNTL,
	unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME, unix.SYS_GETSOCKOPT, unix.SYS_SETSOCKOPT, unix.SYS_SHUTDOWN,
	unix.SYS_RECVFROM, unix.SYS_SENDTO,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_WAIT, unix.SYS_EVENTFD2, unix.SYS_PIPE2,
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_BRK,
	unix.SYS_FUTEX, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_TGKILL, unix.SYS_ARCH_PRCTL, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ,
	unix.SYS_GETRANDOM, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}

// connections are sockets for TCP and UDP over IP, whose protocol is the usual one: others have the kernel load a module.
var connections = Filter{
	{Code: JumpEqual, K: unix.SYS_SOCKET, Jf: 11},
	{Code: Load, K: callDomain}, {Code: JumpEqual, K: unix.AF_INET, Jt: 1}, {Code: JumpEqual, K: unix.AF_INET6, Jf: 6},
	{Code: Load, K: callProtocol}, {Code: JumpEqual, K: 0, Jf: 4},
	{Code: Load, K: callType}, {Code: and, K: socketType}, {Code: JumpEqual, K: unix.SOCK_STREAM, Jt: 2}, {Code: JumpEqual, K: unix.SOCK_DGRAM, Jt: 1},
	Refuse, Allow,
}

// socketType is the kernel's SOCK_TYPE_MASK (include/linux/net.h): what is above are flags.
const socketType = 0xf

// Open lets a Go program work on what it has open, make threads and no processes, and make these calls besides. All others answer EPERM.
func Open(more ...uint32) Filter { return opened(nil, more) }

// Connecting is Open for a program that makes connections by itself, over IP. It neither listens nor chooses the address that it has.
func Connecting(more ...uint32) Filter { return opened(connections, append(more, unix.SYS_CONNECT)) }

func opened(first Filter, more []uint32) Filter {
	filter := append(Numbered(), first...)
	for _, calls := range [][]uint32{open, more} {
		for _, n := range calls {
			filter = append(filter, unix.SockFilter{Code: JumpEqual, K: n, Jf: 1}, Allow)
		}
	}
	return append(filter, unix.SockFilter{Code: JumpEqual, K: unix.SYS_CLONE, Jf: 3},
		unix.SockFilter{Code: Load, K: CallFlags}, unix.SockFilter{Code: JumpAny, K: unix.CLONE_THREAD, Jf: 1}, Allow, Refuse)
}

// Thread holds this thread, and what it becomes, to a filter; nil is none.
func (f Filter) Thread() error { return f.hold(0) }

// Process holds all threads to a filter.
func (f Filter) Process() error { return f.hold(unix.SECCOMP_FILTER_FLAG_TSYNC) }

func (f Filter) hold(flags uintptr) error {
	if f == nil {
		return nil
	}
	defer runtime.KeepAlive(f)
	program := &unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(program))); errno != 0 {
		return errno
	}
	return nil
}
