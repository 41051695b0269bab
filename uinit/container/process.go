package container

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// process is a container as its supervisor has it, for as long as it runs: an init that has its system restart is still the same.
type process struct {
	*containers
	one *container

	wanted   context.Context    // until somebody wants it to end
	stopping context.CancelFunc // notes that

	mu      sync.Mutex
	now     supervise.Process // crun
	hook    *hook
	ended   chan struct{} // closed when that run is over
	short   int64         // how often memory was short before it
	reboots int
}

func (p *process) set(now supervise.Process, hook *hook, ended chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now, p.hook, p.ended, p.short = now, hook, ended, p.starved()
}

// crun is the one that runs.
func (p *process) crun() supervise.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Wait returns when the container has ended for good.
func (p *process) Wait() supervise.Exit {
	pause := supervise.Backoff{Min: time.Duration(p.one.cfg.RestartDelay), Max: time.Duration(p.one.cfg.RestartMax)}
	for {
		began := time.Now()
		exit := p.crun().Wait()
		p.over()
		switch {
		case p.one.cfg.System && exit.Code == halted:
			p.stopping()
			return supervise.Exit{}
		case p.one.cfg.System && exit.Code == rebooted && p.again(pause.Next(time.Since(began))):
			if err := p.launch(); err != nil {
				return supervise.Exit{Err: fmt.Errorf("restarting: %w", err)}
			}
			if p.wanted.Err() != nil { // stopped meanwhile
				p.Kill()
			}
			continue
		}
		if p.wanted.Err() != nil { // that it was to end is why it ended
			return exit
		}
		p.stopping()
		return p.explain(exit)
	}
}

// over puts away what a run has left.
func (p *process) over() {
	p.one.setNow(0, time.Time{})
	cgroup.Kill(p.Programs.Groups.Dir(group(p.one.name)))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = ended{}
	close(p.ended)
	if err := p.hook.close(); err != nil {
		p.Log.Warn(fmt.Sprintf("taking away the interfaces of container %s: %v", p.one.name, err))
	}
	p.disconnected(p.one)
}

// explain has what kept the container from starting in place of crun's exit status.
func (p *process) explain(exit supervise.Exit) supervise.Exit {
	p.mu.Lock()
	err, starved := p.hook.reason(), p.starved() > p.short
	p.mu.Unlock()
	if err == nil && !exit.Success() && starved {
		most := cgroup.Figure(p.Programs.Groups.Dir(group(p.one.name)), "memory.max")
		err = fmt.Errorf("ended for want of memory: it may have %s", spec.Size(most))
	} else if err == nil && !exit.Success() {
		err = crunSaid(p.one.dir)
	}
	if err == nil {
		return exit
	}
	p.one.setStartErr(err)
	return supervise.Exit{Err: err}
}

// starved counts processes of the container that the kernel ended for want of memory.
func (p *process) starved() int64 {
	return cgroup.Counter(p.Programs.Groups.Dir(group(p.one.name)), "memory.events", "oom_kill")
}

// Signal passes on a signal to the container's first process, and asks it to end by the one that it takes for that.
func (p *process) Signal(s syscall.Signal) error {
	if s == unix.SIGTERM { // what supervise says for "stop"
		p.stopping()
		s = p.one.stopSignal()
	}
	if sent, err := p.one.signal(s); sent {
		return err
	}
	return p.crun().Signal(unix.SIGTERM) // it is just being made
}

// Kill ends crun, and all that the container does.
func (p *process) Kill() {
	p.stopping()
	_, _ = p.one.signal(unix.SIGKILL) // with the first process the kernel ends all of a process namespace
	p.crun().Kill()
	cgroup.Kill(p.Programs.Groups.Dir(group(p.one.name)))
}

// Blocked says what the container's first process waits for.
func (p *process) Blocked() string {
	p.mu.Lock()
	hook := p.hook
	p.mu.Unlock()
	if what := hook.waiting(); what != "" {
		return what
	}
	if pid, _ := p.one.now(); pid != 0 {
		return supervise.Blocked(pid)
	}
	return p.crun().Blocked()
}

// stopSignal is the row's, the image's, or what is usual.
func (one *container) stopSignal() unix.Signal {
	name := one.cfg.StopSignal
	if name == "" && one.image.StopSignal != "" {
		if err := name.UnmarshalText([]byte(one.image.StopSignal)); err != nil {
			name = ""
		}
	}
	if name == "" && one.cfg.System {
		name = spec.HaltSystemd
	}
	return supervise.SignalOf(name)
}
