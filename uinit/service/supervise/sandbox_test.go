package supervise

import (
	"reflect"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// open is a service in namespaces that is not confined.
func open(namespaces ...spec.Namespace) spec.Service {
	return spec.Service{Namespaces: namespaces, Unconfined: true}
}

func TestSandbox(t *testing.T) {
	eve := &syscall.Credential{Uid: 1000, Gid: 1000, Groups: []uint32{4, 1000}}
	for _, tt := range []struct {
		row   spec.Service
		flags uintptr
		want  Sandbox
	}{
		{open("mount"), unix.CLONE_NEWNS, Sandbox{Mounts: true, Tmp: true}},
		// Processes of its own need a /proc of its own, but no /tmp.
		{open("pid"), unix.CLONE_NEWPID | unix.CLONE_NEWNS, Sandbox{Mounts: true, Proc: true}},
		{open("net"), unix.CLONE_NEWNET, Sandbox{Loopback: true}},
		{open("uts", "ipc"), unix.CLONE_NEWUTS | unix.CLONE_NEWIPC, Sandbox{}},
		{open("pid", "mount", "net", "uts", "ipc"),
			unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
			Sandbox{Mounts: true, Tmp: true, Proc: true, Loopback: true}},
		{spec.Service{}, unix.CLONE_NEWNS, Sandbox{Mounts: true, Tmp: true, Confined: &Rights{}}},
		{spec.Service{Writable: []string{"/srv", "/tmp"}, NewPrivileges: true}, unix.CLONE_NEWNS, Sandbox{Mounts: true, Confined: &Rights{Writable: []string{"/srv", "/tmp"}, NewPrivileges: true}}},
		{spec.Service{Writable: []string{"/", "/dev", "/tmp"}}, 0, Sandbox{Confined: &Rights{Writable: []string{"/", "/dev", "/tmp"}}}},
		{spec.Service{Namespaces: []spec.Namespace{"pid"}, Capabilities: []spec.Capability{"chown", "kill"}, SystemCalls: []spec.CallGroup{"@mount"}}, unix.CLONE_NEWPID | unix.CLONE_NEWNS,
			Sandbox{Mounts: true, Tmp: true, Proc: true, Confined: &Rights{Capabilities: 1 | 1<<5, Calls: []spec.CallGroup{"@mount"}}}},
	} {
		attr := &syscall.SysProcAttr{Credential: eve}
		got := sandbox(attr, tt.row.Namespaces, rights(tt.row))
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
