// Package vm runs the machine's virtual machines.
package vm

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/terminal"
	"github.com/imgbuild/imgbuild/uinit/vm/plan"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

// Linked is the feature [vm.*].
var Linked = feature.Linked{
	Name: "vm", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return newGuests(d) },
	Words: words,
	Verbs: map[string]func(args []string) int{"vm": ctlMain},
}

// guests are the machine's virtual machines: each is supervised like a service, and spoken to by QEMU's monitor.
type guests struct {
	*feature.Deps
	all      map[string]*guest
	prepared chan struct{} // closed by prepare
	host     qemu.Host     // complete then
	kvmGroup uint32        // whose /dev/kvm is

	sandboxed []string // how QEMU is started (supervise.Sandboxed)
	launch    func(one *guest, cfg spec.Service) (supervise.Process, *qemu.Opened, error)
	spaceOf   func(file string) space

	mu sync.Mutex // one guest at a time looks for memory
}

type guest struct {
	name     string
	cfg      spec.VM
	service  *supervise.Service
	terminal terminal.Terminal
	standing standing

	mu       sync.Mutex
	now      *qemu.Guest // nil while QEMU does not run
	startErr error       // what keeps it from being started, or kept it last time
}

// newGuests makes guests of the image's rows: the box's owner has no say in them.
func newGuests(d *feature.Deps) *guests {
	g := &guests{Deps: d, all: map[string]*guest{}, prepared: make(chan struct{}), spaceOf: spaceOf, sandboxed: supervise.Sandboxed()}
	g.launch = g.launchQEMU
	rows := d.Machine.Now().VM
	g.host.Names = graph.Names(rows)
	for _, name := range g.host.Names {
		g.all[name] = g.newGuest(name, rows[name])
	}
	return g
}

func (g *guests) newGuest(name string, cfg spec.VM) *guest {
	one := &guest{name: name, cfg: cfg}
	state := plan.State.Of(name)
	one.standing.service = supervise.Idle
	one.standing.tell = func(now string) { g.Facts.Fact(state.Is(now)) }
	one.service = supervise.New("vm:"+name, supervised(cfg), supervise.Deps{
		Start: func(_ string, service spec.Service) (supervise.Process, error) { return g.start(one, service) },
		Fact: func(f fact.Fact) {
			if f.Name() != state.Name {
				g.Facts.Fact(f)
			} else if word, ok := state.Read(f.Value()); ok {
				one.standing.setService(supervise.State(word))
			}
		},
		As:    supervise.Facts{State: state, Exit: plan.Exit.Of(name), Restarts: plan.Restarts.Of(name)},
		Sign:  "QEMU's monitor",
		Ready: func(spec.Ready) bool { return one.running() },
		Tell:  func(trouble error) { g.Outcomes.SetTrouble("vm:"+name, cmp.Or(trouble, g.haltedBy(one))) },
		Log:   func(format string, args ...any) { g.Log.Warn(fmt.Sprintf(format, args...)) },
	})
	return one
}

// Step is the work behind "vms" and "vm:NAME".
func (g *guests) Step(unit string) feature.Step {
	name, one := strings.CutPrefix(unit, "vm:")
	if !one {
		return feature.Step{Run: g.prepare}
	}
	return feature.Step{
		Run:     func(ctx context.Context) error { return g.boot(ctx, name) },
		Waiting: func() string { return g.waiting(name) },
	}
}

// Trouble is what is wrong with the QEMU behind "vm:NAME", or with the guest in it.
func (g *guests) Trouble(unit string) (trouble error, known bool) {
	if name, ok := strings.CutPrefix(unit, "vm:"); ok && g.all[name] != nil {
		trouble, known = g.all[name].service.Trouble()
		return cmp.Or(trouble, g.haltedBy(g.all[name])), known
	}
	return nil, false
}
