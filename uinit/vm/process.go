package vm

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/vm/plan"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

// start starts QEMU, and listens to it.
func (g *guests) start(one *guest, cfg spec.Service) (supervise.Process, error) {
	process, opened, err := g.launch(one, cfg)
	if err != nil {
		return nil, err
	}
	now := qemu.Connect(opened)
	one.setQEMU(now)
	go one.terminal.Attach(opened.Console)
	go func() {
		if took := now.Await(); took > 0 {
			g.Facts.Fact(plan.Started.Of(one.name).Is(report.Seconds(took)))
		}
	}()
	go g.watch(one, now)
	return guestProcess{process, g, one, now}, nil
}

// launchQEMU starts the program, with all that it uses open.
func (g *guests) launchQEMU(one *guest, cfg spec.Service) (supervise.Process, *qemu.Opened, error) {
	if err := g.admit(one); err != nil {
		return nil, nil, err
	}
	made := qemu.Make(one.name, one.cfg, g.host)
	opened, err := qemu.Open(made.Files)
	if err != nil {
		return nil, nil, err
	}
	defer opened.Close()
	cfg.Command = append([]string{qemu.Program}, made.Args...)
	account := &syscall.Credential{Uid: made.UID, Gid: made.UID}
	if g.host.KVM {
		cfg.Writable = []string{"/dev/kvm"}
		account.Groups = []uint32{g.kvmGroup}
	}
	launcher := supervise.Launcher{
		Environment: []string{"PATH=/usr/bin"}, Sandboxed: g.sandboxed, Output: g.Programs.Say, Files: opened.Files, Account: account,
		Group: g.Programs.Group("vm:"+one.name, cgroup.Guest(one.name), usualLimits(one.cfg), givenLimits(one.cfg)), Adjustment: oom.Guest,
	}
	process, err := launcher.Start("vm:"+one.name, cfg)
	if err != nil {
		opened.Hangup()
		return nil, nil, err
	}
	return process, opened, nil
}

// setQEMU notes the QEMU that runs; nil: none does.
func (one *guest) setQEMU(now *qemu.Guest) {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.now = now
}

// guest is the QEMU that runs; nil where none does.
func (one *guest) qemu() *qemu.Guest {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.now
}

// setStartErr notes what keeps a guest from being started; nil: nothing.
func (one *guest) setStartErr(err error) {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.startErr = err
}

// trouble is why a guest that does not run was not started.
func (one *guest) trouble() string {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.now != nil || one.startErr == nil {
		return ""
	}
	if refused := (*admissionError)(nil); errors.As(one.startErr, &refused) { // whose guest's line this is in
		return refused.error.Error()
	}
	return one.startErr.Error()
}

func (one *guest) running() bool {
	now := one.qemu()
	return now != nil && now.Running() > 0
}

// guestProcess is QEMU as a service's process: asked to end, it presses the guest's power button.
type guestProcess struct {
	supervise.Process
	guests *guests
	one    *guest
	now    *qemu.Guest
}

func (p guestProcess) Wait() supervise.Exit {
	exit := p.Process.Wait()
	p.one.setQEMU(nil)
	p.now.Exited()
	return exit
}

func (p guestProcess) Signal(s syscall.Signal) error {
	if s == unix.SIGTERM {
		go p.guests.powerDown(p.one, p.now) // it may take a while to look for space
		return nil
	}
	return p.Process.Signal(s)
}

func (p guestProcess) Kill() {
	p.now.Quit()
	p.Process.Kill()
}
