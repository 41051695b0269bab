//go:build !novm

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/unit"
	"github.com/imgbuild/imgbuild/uinit/vm"
)

// guests are the machine's virtual machines: each is supervised like a service, and spoken to by QEMU's
// monitor.
type guests struct {
	w        *worker
	all      map[string]*guest
	prepared chan struct{} // closed by prepare
	host     vm.Host       // complete then
	kvmGroup uint32        // whose /dev/kvm is

	mu sync.Mutex // one guest at a time looks for room
}

type guest struct {
	name     string
	row      spec.VM
	service  *supervise.Service
	terminal vm.Terminal

	mu  sync.Mutex
	now *vm.Guest // nil while QEMU does not run
	why string    // what keeps it from being started, or kept it last time
}

// starting bounds what somebody at a terminal waits for a guest to start.
const starting = time.Minute

func newGuests(w *worker) *guests {
	g := &guests{w: w, all: map[string]*guest{}, prepared: make(chan struct{})}
	for _, name := range graph.Names(w.Machine.Now().VM) {
		one := &guest{name: name, row: w.Machine.Now().VM[name]}
		one.service = supervise.New("vm:"+name, supervised(one.row), supervise.Deps{
			Start: func(_ string, row spec.Service) (supervise.Process, error) { return g.start(one, row) },
			Fact: func(fact string, value any) {
				w.Facts.Fact(strings.TrimPrefix(strings.Replace(fact, "vm:", "vm.", 1), "service."), value)
			},
			Sign:  "QEMU's monitor",
			Ready: func(spec.Ready) bool { return one.running() },
			Tell:  func(trouble error) { w.Outcomes.SetTrouble("vm:"+name, trouble) },
			Log:   func(format string, args ...any) { w.Log.Warn(fmt.Sprintf(format, args...)) },
		})
		g.all[name] = one
		g.host.Names = append(g.host.Names, name)
	}
	return g
}

// service returns the supervision of a guest; nil where there is none of that name.
func (g *guests) service(name string) *supervise.Service {
	if one := g.all[name]; one != nil {
		return one.service
	}
	return nil
}

// threads is what QEMU may have besides one for each processor: 64 that work on disks, and a few. It may start no
// processes at all (-sandbox).
const threads = 128

// supervised is a guest as a service.
func supervised(v spec.VM) spec.Service {
	return spec.Service{
		Restart: v.Restart, RestartDelay: v.RestartDelay, RestartLimit: v.RestartLimit,
		StopTimeout: spec.Duration(v.StopTimeout.Or(time.Minute)),
	}
}

// guestUsual are the limits of a guest's QEMU whose row gives none, guestGiven those that it gives.
func guestUsual(v spec.VM) cgroup.Limits {
	return cgroup.Limits{Memory: int64(vm.Most(v.Memory)), Whole: true, Tasks: threads + max(v.VCPUs, 1)}
}

func guestGiven(v spec.VM) cgroup.Limits {
	return cgroup.Limits{Memory: int64(v.MemoryMax), CPU: v.CPU}
}

// boot starts a guest with the machine.
func (g *guests) boot(ctx context.Context, name string) error {
	if g.w.Programs.None.Load() {
		return fmt.Errorf("left out at the console: %w", unit.ErrSkip)
	}
	return supervise.Unmanaged(g.begin(ctx, g.all[name]))
}

// begin starts a guest once its devices are there, if there is room for it.
func (g *guests) begin(ctx context.Context, one *guest) (err error) {
	defer func() { one.because(err) }()
	select {
	case <-g.prepared:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for _, name := range graph.Names(one.row.Disk) {
		one.because(fmt.Errorf("waiting for %s", one.row.Disk[name].File()))
		if err := g.await(ctx, one.row.Disk[name]); err != nil {
			return err
		}
	}
	if err := errors.Join(g.alone(one), g.room(one)); err != nil {
		return err
	}
	return one.service.Again(ctx)
}

func (g *guests) waiting(name string) string {
	one := g.all[name]
	for _, disk := range graph.Names(one.row.Disk) {
		if file := one.row.Disk[disk].File(); strings.HasPrefix(file, "/dev/") {
			if _, err := os.Stat(file); err != nil {
				return file
			}
		}
	}
	return one.service.Waiting()
}
