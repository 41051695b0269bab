package bundle

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/seccomp"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// closed are system calls that servers use, and containers have no business with: keys are not in any namespace, and these
// ways into the kernel were those of most escapes.
var closed = []uint32{
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_MBIND, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES, unix.SYS_SET_MEMPOLICY, unix.SYS_GET_MEMPOLICY, unix.SYS_KCMP,
}

// entering are those by which a process gets into namespaces, besides those that clone makes.
var entering = []uint32{unix.SYS_UNSHARE, unix.SYS_SETNS}

// namespaces are all flags of clone(2) that make one.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME

// families are the sockets that containers may make. Of the others many are in no namespace: by AF_VSOCK one would talk with this machine's
// guests, and with the host that this is a guest of; and most are code of the kernel that nobody else here has a use for.
var families = []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK, unix.AF_PACKET}

// notForInits are the namespaces that a whole system does not make: one of accounts in its own would give it what it does not have, and those
// of networks take twice the memory that counts as its own (Linux 6.1: 225 KiB each, of which 110 count), so that its limit is none. systemd
// goes on without.
const notForInits = unix.CLONE_NEWUSER | unix.CLONE_NEWNET

// ofInits are the calls that a whole system makes to itself.
var ofInits = []spec.CallGroup{spec.CallsMount, spec.CallsPrivileged, spec.CallsReboot}

// filter is what crun takes for system calls, as the kernel takes it, in base64; empty: none. It is that of services, with less.
func (c Container) filter() string {
	more := c.Row.SystemCalls
	if slices.Contains(more, spec.CallsKnown) {
		return ""
	}
	made := uint32(namespaces)
	if c.Row.System {
		more, made = slices.Concat(more, ofInits), notForInits
	}
	services := supervise.CallFilter(more)
	begin := len(seccomp.Numbered())
	filter := slices.Concat(services[:begin], refuse(closed))
	if !c.Row.System {
		filter = append(filter, refuse(entering)...)
	}
	filter = append(filter, flags(unix.SYS_CLONE, made)...)
	filter = append(filter, flags(unix.SYS_UNSHARE, made)...)
	filter = slices.Concat(filter, only(unix.SYS_SOCKET, families), only(unix.SYS_SOCKETPAIR, families))
	// What clone3 is to make lies in memory, where no filter looks: a C library goes on with clone.
	filter = append(filter, unix.SockFilter{Code: seccomp.JumpEqual, K: unix.SYS_CLONE3, Jf: 1}, seccomp.Lack)
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, []unix.SockFilter(append(filter, services[begin:]...))) // plain numbers, into memory
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// refuse answers calls with EPERM.
func refuse(calls []uint32) (part seccomp.Filter) {
	for _, call := range calls {
		part = append(part, unix.SockFilter{Code: seccomp.JumpEqual, K: call, Jf: 1}, seccomp.Refuse)
	}
	return part
}

// flags answers a call so whose first argument has one of these bits.
func flags(call, bits uint32) seccomp.Filter {
	return seccomp.Filter{
		{Code: seccomp.JumpEqual, K: call, Jf: 4},
		{Code: seccomp.Load, K: seccomp.CallFlags}, {Code: seccomp.JumpAny, K: bits, Jf: 1}, seccomp.Refuse,
		{Code: seccomp.Load, K: seccomp.CallNumber},
	}
}

// only lets a call pass whose first argument is one of these address families, and answers others as a kernel without them.
func only(call int, families []uint32) seccomp.Filter {
	part := seccomp.Filter{{Code: seccomp.JumpEqual, K: uint32(call), Jf: uint8(len(families) + 3)}, {Code: seccomp.Load, K: seccomp.CallFlags}}
	for i, family := range families {
		part = append(part, unix.SockFilter{Code: seccomp.JumpEqual, K: family, Jt: uint8(len(families) - i)})
	}
	return append(part, unix.SockFilter{Code: seccomp.Answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EAFNOSUPPORT)}, unix.SockFilter{Code: seccomp.Load, K: seccomp.CallNumber})
}
