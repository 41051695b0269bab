package supervise

import (
	"reflect"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestSandbox(t *testing.T) {
	eve := &syscall.Credential{Uid: 1000, Gid: 1000, Groups: []uint32{4, 1000}}
	for _, tt := range []struct {
		row   []spec.Namespace
		flags uintptr
		want  Sandbox
	}{
		{[]spec.Namespace{"mount"}, unix.CLONE_NEWNS, Sandbox{Mounts: true, Tmp: true}},
		// Processes of its own need a /proc of its own, but no /tmp.
		{[]spec.Namespace{"pid"}, unix.CLONE_NEWPID | unix.CLONE_NEWNS, Sandbox{Mounts: true, Proc: true}},
		{[]spec.Namespace{"net"}, unix.CLONE_NEWNET, Sandbox{Loopback: true}},
		{[]spec.Namespace{"uts", "ipc"}, unix.CLONE_NEWUTS | unix.CLONE_NEWIPC, Sandbox{}},
		{[]spec.Namespace{"mount", "pid", "net", "uts", "ipc"},
			unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
			Sandbox{Mounts: true, Tmp: true, Proc: true, Loopback: true}},
	} {
		attr := &syscall.SysProcAttr{Credential: eve}
		got := sandbox(attr, tt.row)
		tt.want.Account = eve
		if attr.Cloneflags != tt.flags || attr.Credential != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v: flags %#x, credential %v, %+v; want flags %#x, %+v", tt.row, attr.Cloneflags, attr.Credential, got, tt.flags, tt.want)
		}
		if read, err := ParseSandbox(got.String()); err != nil || !reflect.DeepEqual(read, got) {
			t.Errorf("%v: read back %+v, %v", tt.row, read, err)
		}
	}
	if _, err := ParseSandbox("{"); err == nil {
		t.Error("no error for half an sandbox")
	}
}
