package service

import "golang.org/x/sys/unix"

type call struct {
	name string
	// file says that the first argument is a file descriptor.
	file bool
}

// calls names the system calls that programs block in.
func calls() map[int64]call {
	return map[int64]call{
		unix.SYS_READ: {"read", true}, unix.SYS_PREAD64: {"read", true}, unix.SYS_READV: {"read", true},
		unix.SYS_WRITE: {"write", true}, unix.SYS_PWRITE64: {"write", true}, unix.SYS_WRITEV: {"write", true},
		unix.SYS_FSYNC: {"fsync", true}, unix.SYS_FDATASYNC: {"fsync", true}, unix.SYS_FLOCK: {"lock", true},
		unix.SYS_FCNTL: {"lock", true}, unix.SYS_IOCTL: {"ioctl", true},
		unix.SYS_CONNECT: {"connect", true}, unix.SYS_ACCEPT: {"accept", true}, unix.SYS_ACCEPT4: {"accept", true},
		unix.SYS_RECVFROM: {"receive", true}, unix.SYS_RECVMSG: {"receive", true},
		unix.SYS_SENDTO: {"send", true}, unix.SYS_SENDMSG: {"send", true},
		unix.SYS_OPENAT: {"open a file", false}, unix.SYS_OPEN: {"open a file", false},
		unix.SYS_GETRANDOM: {"getrandom: the kernel gathers entropy", false},
		unix.SYS_FUTEX:     {"futex: another thread", false},
		unix.SYS_POLL:      {"poll", false}, unix.SYS_PPOLL: {"poll", false},
		unix.SYS_SELECT: {"select", false}, unix.SYS_PSELECT6: {"select", false},
		unix.SYS_EPOLL_WAIT: {"epoll", false}, unix.SYS_EPOLL_PWAIT: {"epoll", false},
		unix.SYS_NANOSLEEP: {"sleep", false}, unix.SYS_CLOCK_NANOSLEEP: {"sleep", false},
		unix.SYS_WAIT4: {"wait for a child", false}, unix.SYS_WAITID: {"wait for a child", false},
		unix.SYS_PAUSE: {"pause: a signal", false}, unix.SYS_RT_SIGSUSPEND: {"a signal", false},
		unix.SYS_RT_SIGTIMEDWAIT: {"a signal", false}, unix.SYS_SYNC: {"sync", false},
		unix.SYS_MOUNT: {"mount", false}, unix.SYS_UMOUNT2: {"unmount", false},
		unix.SYS_FINIT_MODULE: {"load a module", false},
	}
}
