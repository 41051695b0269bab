package supervise

import "golang.org/x/sys/unix"

type call struct {
	name string
	// tells is how much it tells of what a thread waits for; the first argument of a named one is a file descriptor.
	tells telling
}

// calls names the system calls that programs block in.
func calls() map[int64]call {
	return map[int64]call{
		unix.SYS_READ: {"read", named}, unix.SYS_PREAD64: {"read", named}, unix.SYS_READV: {"read", named},
		unix.SYS_WRITE: {"write", named}, unix.SYS_PWRITE64: {"write", named}, unix.SYS_WRITEV: {"write", named},
		unix.SYS_FSYNC: {"fsync", named}, unix.SYS_FDATASYNC: {"fsync", named}, unix.SYS_FLOCK: {"lock", named},
		unix.SYS_FCNTL: {"lock", named}, unix.SYS_IOCTL: {"ioctl", named},
		unix.SYS_CONNECT: {"connect", named}, unix.SYS_ACCEPT: {"accept", named}, unix.SYS_ACCEPT4: {"accept", named},
		unix.SYS_RECVFROM: {"receive", named}, unix.SYS_RECVMSG: {"receive", named},
		unix.SYS_SENDTO: {"send", named}, unix.SYS_SENDMSG: {"send", named},
		unix.SYS_OPENAT: {"open a file", vague}, unix.SYS_OPEN: {"open a file", vague},
		unix.SYS_GETRANDOM: {"getrandom: the kernel gathers entropy", entropy},
		unix.SYS_FUTEX:     {"futex: another thread", others},
		unix.SYS_POLL:      {"poll", idle}, unix.SYS_PPOLL: {"poll", idle},
		unix.SYS_SELECT: {"select", idle}, unix.SYS_PSELECT6: {"select", idle},
		unix.SYS_EPOLL_WAIT: {"epoll", idle}, unix.SYS_EPOLL_PWAIT: {"epoll", idle},
		unix.SYS_NANOSLEEP: {"sleep", idle}, unix.SYS_CLOCK_NANOSLEEP: {"sleep", idle},
		unix.SYS_WAIT4: {"wait for a child", child}, unix.SYS_WAITID: {"wait for a child", child},
		unix.SYS_PAUSE: {"pause: a signal", idle}, unix.SYS_RT_SIGSUSPEND: {"a signal", idle},
		unix.SYS_RT_SIGTIMEDWAIT: {"a signal", idle}, unix.SYS_SYNC: {"sync", vague},
		unix.SYS_MOUNT: {"mount", vague}, unix.SYS_UMOUNT2: {"unmount", vague},
		unix.SYS_FINIT_MODULE: {"load a module", vague},
	}
}
