package supervise

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/seccomp"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// unusual are the system calls that no server needs for its daily work: all that this kernel interface has besides @system-service
// of systemd.exec(5), by its other groups. A call may be in several.
var unusual = []struct {
	group spec.CallGroup
	calls []uint32
}{
	{spec.CallsClock, []uint32{unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME, unix.SYS_CLOCK_SETTIME, unix.SYS_SETTIMEOFDAY}},
	{spec.CallsDebug, []uint32{unix.SYS_LOOKUP_DCOOKIE, unix.SYS_PERF_EVENT_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PTRACE}},
	{spec.CallsModule, []uint32{unix.SYS_DELETE_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_INIT_MODULE}},
	{spec.CallsMount, []uint32{
		unix.SYS_CHROOT, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSOPEN, unix.SYS_FSPICK, unix.SYS_MOUNT, unix.SYS_MOUNT_SETATTR,
		unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_PIVOT_ROOT, unix.SYS_UMOUNT2,
	}},
	{spec.CallsPrivileged, []uint32{
		unix.SYS_ACCT, unix.SYS_BPF, unix.SYS_CHROOT, unix.SYS_FANOTIFY_INIT, unix.SYS_FANOTIFY_MARK, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_PIVOT_ROOT,
		unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_SETDOMAINNAME, unix.SYS_SETHOSTNAME, unix.SYS_SYSLOG, unix.SYS_VHANGUP,
	}},
	{spec.CallsRawIO, []uint32{unix.SYS_IOPERM, unix.SYS_IOPL}},
	{spec.CallsReboot, []uint32{unix.SYS_KEXEC_FILE_LOAD, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT}},
	{spec.CallsSwap, []uint32{unix.SYS_SWAPOFF, unix.SYS_SWAPON}},
	// @cpu-emulation and @obsolete: nobody asks for them.
	{"", []uint32{
		unix.SYS_MODIFY_LDT, unix.SYS__SYSCTL, unix.SYS_AFS_SYSCALL, unix.SYS_CREATE_MODULE, unix.SYS_GET_KERNEL_SYMS, unix.SYS_GETPMSG,
		unix.SYS_NFSSERVCTL, unix.SYS_PUTPMSG, unix.SYS_QUERY_MODULE, unix.SYS_SECURITY, unix.SYS_SYSFS, unix.SYS_TUXCALL, unix.SYS_USELIB,
		unix.SYS_USTAT, unix.SYS_VSERVER,
	}},
}

// lastCall is the newest that these groups were made for. What comes later is as if the kernel did not have it, and so are the
// calls of the x32 interface, whose numbers are above all others.
const lastCall = unix.SYS_REMOVEXATTRAT

// CallFilter lets everything pass that servers need, and what is in these groups; nil: everything. It looks at nothing but a call's
// number: for such a filter the kernel notes once what always passes, and the others cost nothing.
func CallFilter(more []spec.CallGroup) seccomp.Filter {
	if slices.Contains(more, spec.CallsKnown) {
		return nil
	}
	given := map[uint32]bool{}
	for _, u := range unusual {
		for _, call := range u.calls {
			given[call] = given[call] || slices.Contains(more, u.group)
		}
	}
	program := append(seccomp.Numbered(), unix.SockFilter{Code: seccomp.JumpAbove, K: lastCall, Jf: 1}, seccomp.Lack)
	for _, u := range unusual {
		for _, call := range u.calls {
			if !given[call] {
				program = append(program, unix.SockFilter{Code: seccomp.JumpEqual, K: call, Jf: 1}, seccomp.Refuse)
			}
		}
	}
	return append(program, seccomp.Allow)
}
