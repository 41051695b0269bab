package container

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// Who says "start" of a container that waits for its next start does not wait for it.
func TestStartWhilePausing(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	hour := spec.Duration(time.Hour)
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/sleep", "1000"}, RestartDelay: hour, RestartMax: hour}})
	one := b.all["web"]
	b.begins(t, "web")
	pid, _ := one.now()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "its pause", func() bool { return one.service.State() == supervise.Pausing })
	if err := b.manage("start", one, func(report.Event) error { return nil }); err != nil {
		t.Error(err)
	}
	if now, _ := one.now(); now == 0 || now == pid {
		t.Errorf("its first process was %d and is %d; it is %s", pid, now, one.service.State())
	}
	if err := b.manage("start", one, func(report.Event) error { return nil }); err == nil {
		t.Error("it was started twice")
	}
}

// A container whose root is not there says which that is: while it is waited for, and when somebody has waited long enough.
func TestMissingRoot(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	b := boot(t, map[string]spec.Container{"web": {Root: spec.ContainerRoot{Path: "lvm:vg0/web"}}})
	ctx, cancel := context.WithCancel(t.Context())
	said := make(chan error)
	go func() { said <- b.begin(ctx, b.all["web"]) }()
	await(t, "what it waits for", func() bool { return strings.Contains(b.Step("container:web").Waiting(), "vg0") })
	cancel()
	if err := <-said; err == nil || !strings.Contains(err.Error(), "its root lvm:vg0/web: ") {
		t.Errorf("it ends with %v", err)
	}
	if told := b.event(b.all["web"], false); !strings.Contains(told.Message, "its root lvm:vg0/web: ") {
		t.Errorf("uinitctl shows %q", told.Message)
	}
	if waiting := b.Step("container:web").Waiting(); waiting != "idle" {
		t.Errorf("when nobody starts it, it waits for %q", waiting)
	}
}
