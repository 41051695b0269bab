package container

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/container/plan"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// Exit statuses of crun for an init that called reboot(2): the kernel ends a process namespace by these signals then
// (reboot_pid_ns in kernel/pid_namespace.c), and crun adds 128.
const (
	rebooted = 128 + int(unix.SIGHUP)
	halted   = 128 + int(unix.SIGINT)
)

// again counts a restart that the container asked for, once it may have it: one that asks all the time is paused like one that fails. It says
// whether the container is to be started; nobody wants that while it is stopped.
func (p *process) again(pause time.Duration) bool {
	wait := time.NewTimer(pause)
	defer wait.Stop()
	select {
	case <-p.wanted.Done():
		return false
	case <-wait.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reboots++
	p.Facts.Fact(plan.Reboots.Of(p.one.name).Is(p.reboots))
	return true
}

// ended is a crun that has ended, whose number may be another program's.
type ended struct{}

func (ended) Wait() supervise.Exit        { return supervise.Exit{} }
func (ended) Signal(syscall.Signal) error { return nil }
func (ended) Kill()                       {}
func (ended) Blocked() string             { return "its restart" }
