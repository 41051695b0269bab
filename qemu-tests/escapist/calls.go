package main

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// none is an address where nothing is: a call that gets as far as reading its arguments answers EFAULT.
const none = ^uintptr(0)

// kept are the words that calls are given, which nothing else holds.
var kept []*byte

func init() {
	word := func(s string) uintptr {
		b, _ := unix.BytePtrFromString(s)
		kept = append(kept, b)
		return uintptr(unsafe.Pointer(b))
	}
	for way, args := range map[string][]uintptr{
		"add_key": {unix.SYS_ADD_KEY, word("user"), word("escape"), word("x"), 1, ^uintptr(2)}, "request_key": {unix.SYS_REQUEST_KEY, word("user"), word("escape"), 0, 0},
		"keyctl": {unix.SYS_KEYCTL, unix.KEYCTL_GET_KEYRING_ID, ^uintptr(2), 1}, "bpf": {unix.SYS_BPF, unix.BPF_MAP_CREATE, none, 72},
		"io_uring_setup": {unix.SYS_IO_URING_SETUP, 8, none}, "userfaultfd": {unix.SYS_USERFAULTFD, 0}, "init_module": {unix.SYS_INIT_MODULE, none, 64, none},
		"finit_module": {unix.SYS_FINIT_MODULE, none, none, 0}, "delete_module": {unix.SYS_DELETE_MODULE, word("escape"), 0},
		"kexec_load": {unix.SYS_KEXEC_LOAD, 0, 1, none, 0}, "kexec_file_load": {unix.SYS_KEXEC_FILE_LOAD, none, none, 0, 0, 0},
		"reboot": {unix.SYS_REBOOT, unix.LINUX_REBOOT_MAGIC1, unix.LINUX_REBOOT_MAGIC2, unix.LINUX_REBOOT_CMD_CAD_OFF, 0},
		"swapon": {unix.SYS_SWAPON, word("/escape"), 0}, "swapoff": {unix.SYS_SWAPOFF, word("/escape")}, "acct": {unix.SYS_ACCT, word("/escape")},
		"quotactl": {unix.SYS_QUOTACTL, 0x800002 << 8, word("/dev/vda"), 0, 0}, "iopl": {unix.SYS_IOPL, 3}, "ioperm": {unix.SYS_IOPERM, 0x80, 1, 1},
		"modify_ldt": {unix.SYS_MODIFY_LDT, 0, none, 0}, "syslog": {unix.SYS_SYSLOG, 10, 0, 0}, "syslog clear": {unix.SYS_SYSLOG, 5, 0, 0}, "vhangup": {unix.SYS_VHANGUP},
		"lookup_dcookie": {unix.SYS_LOOKUP_DCOOKIE, 0, 0, 0}, "uselib": {unix.SYS_USELIB, word("/escape")}, "ustat": {unix.SYS_USTAT, 0, none}, "sysfs": {unix.SYS_SYSFS, 3},
		"nfsservctl": {unix.SYS_NFSSERVCTL, 0, 0, 0}, "fanotify_init": {unix.SYS_FANOTIFY_INIT, unix.FAN_CLASS_CONTENT, 0}, "kcmp": {unix.SYS_KCMP, 1, 1, 0, 0, 0},
		"sethostname": {unix.SYS_SETHOSTNAME, word("escape"), 6}, "setdomainname": {unix.SYS_SETDOMAINNAME, word("escape"), 6}, "mbind": {unix.SYS_MBIND, 0, 0, 0, 0, 0, 0},
		"move_pages": {unix.SYS_MOVE_PAGES, 1, 0, 0, 0, 0, 0}, "migrate_pages": {unix.SYS_MIGRATE_PAGES, 1, 0, 0, 0}, "set_mempolicy": {unix.SYS_SET_MEMPOLICY, 0, 0, 0},
		"get_mempolicy": {unix.SYS_GET_MEMPOLICY, 0, 0, 0, 0, 0}, "memfd_secret": {unix.SYS_MEMFD_SECRET, 0}, "a call of x32": {unix.SYS_GETPID | 0x40000000},
		"a call of tomorrow": {1000}, "personality": {unix.SYS_PERSONALITY, 0x0040000}, "process_madvise": {unix.SYS_PROCESS_MADVISE, none, 0, 0, 0, 0},
		"landlock": {unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, 1},
	} {
		ways[way] = func() error { return call(args[0], args[1:]...) }
	}
	ways["perf_event_open"] = func() error {
		_, err := unix.PerfEventOpen(&unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{}))}, -1, 0, -1, 0)
		return err
	}
	ways["inotify"] = func() error {
		fd, err := unix.InotifyInit1(0)
		if err != nil {
			return err
		}
		_, err = unix.InotifyAddWatch(fd, "/", unix.IN_CREATE)
		return err
	}
	ways["aio"] = func() error {
		context := new(uintptr)
		return call(unix.SYS_IO_SETUP, 128, uintptr(unsafe.Pointer(context)))
	}
	ways["settimeofday"] = func() error {
		now := unix.NsecToTimeval(time.Now().UnixNano())
		return unix.Settimeofday(&now)
	}
	ways["clock_settime"] = func() error {
		now := unix.NsecToTimespec(time.Now().UnixNano())
		return call(unix.SYS_CLOCK_SETTIME, unix.CLOCK_REALTIME, uintptr(unsafe.Pointer(&now)))
	}
	ways["adjtimex"] = func() error { _, err := unix.Adjtimex(&unix.Timex{Modes: unix.ADJ_TICK, Tick: 10000}); return err }
	ways["clock_adjtime"] = func() error {
		_, err := unix.ClockAdjtime(unix.CLOCK_REALTIME, &unix.Timex{Modes: unix.ADJ_TICK, Tick: 10000})
		return err
	}
	ways["nice"] = func() error { return unix.Setpriority(unix.PRIO_PROCESS, 0, -5) }
	ways["realtime"] = func() error {
		priority := int32(1)
		return call(unix.SYS_SCHED_SETSCHEDULER, 0, 1, uintptr(unsafe.Pointer(&priority)))
	}
	ways["ioprio realtime"] = func() error { return call(unix.SYS_IOPRIO_SET, 1, 0, 1<<13) }
	ways["mlock"] = func() error {
		b, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			return err
		}
		return unix.Mlock(b)
	}
	ways["core file"] = func() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}) }
	ways["capabilities"] = func() error { // one more than it has
		header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
		if err := unix.Capget(&header, &data[0]); err != nil {
			return err
		}
		data[0].Permitted, data[0].Effective = data[0].Permitted|1<<unix.CAP_SYS_RAWIO, data[0].Effective|1<<unix.CAP_SYS_RAWIO
		return unix.Capset(&header, &data[0])
	}
	ways["setuid"] = func() error {
		if unix.Getuid() == 0 {
			return errors.New("root")
		}
		return unix.Setuid(0)
	}
}
