//go:build !novm

package main

import (
	"errors"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/vm"
)

// start starts QEMU.
func (g *guests) start(one *guest, row spec.Service) (supervise.Process, error) {
	if err := errors.Join(g.alone(one), g.room(one)); err != nil {
		return nil, err
	}
	plan := vm.Make(one.name, one.row, g.host)
	opened, err := vm.Open(plan.Files)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	row.Command = append([]string{vm.Program}, plan.Args...)
	account := &syscall.Credential{Uid: plan.UID, Gid: plan.UID}
	if g.host.KVM {
		account.Groups = []uint32{g.kvmGroup}
	}
	launcher := supervise.Launcher{
		Environment: []string{"PATH=/usr/bin"}, Output: g.w.Programs.Say, Files: opened.Files, Account: account,
		Group: g.w.Programs.Group("vm:"+one.name, cgroup.Guest(one.name), guestUsual(one.row), guestGiven(one.row)), Adjustment: oom.Guest,
	}
	process, err := launcher.Start("vm:"+one.name, row)
	if err != nil {
		opened.Hangup()
		return nil, err
	}
	now := vm.Meet(opened)
	one.meet(now)
	go one.terminal.Attach(opened.Console)
	go func() {
		if took := now.Await(); took > 0 {
			g.w.Facts.Fact("vm."+one.name+".started_seconds", report.Seconds(took))
		}
	}()
	return guestProcess{process, now, one}, nil
}

func (one *guest) meet(now *vm.Guest) {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.now = now
}

// guest is the QEMU that runs; nil where none does.
func (one *guest) guest() *vm.Guest {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.now
}

// because notes what keeps a guest from being started; nil: nothing.
func (one *guest) because(err error) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.why = ""; err != nil {
		one.why = err.Error()
	}
}

// trouble is what because noted, for a guest that does not run.
func (one *guest) trouble() string {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.now != nil {
		return ""
	}
	return strings.TrimPrefix(one.why, "starting "+one.name+": ")
}

func (one *guest) running() bool {
	now := one.guest()
	return now != nil && now.Running() > 0
}

// guestProcess is QEMU as a service's process: asked to end, it presses the guest's power button.
type guestProcess struct {
	supervise.Process
	now *vm.Guest
	one *guest
}

func (p guestProcess) Wait() supervise.Exit {
	exit := p.Process.Wait()
	p.one.meet(nil)
	p.now.Over()
	return exit
}

func (p guestProcess) Signal(s syscall.Signal) error {
	if s == unix.SIGTERM {
		return p.now.PowerDown()
	}
	return p.Process.Signal(s)
}

func (p guestProcess) Kill() {
	p.now.Quit()
	p.Process.Kill()
}
