// Package array starts the arrays of the profile, makes them where they are to be made, and says how they are.
package array

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/array/plan"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Linked is the feature [array.*].
var Linked = feature.Linked{
	Name: "array", Units: plan.Units,
	New:   func(d *feature.Deps) feature.Feature { return newArrays(d, newSystem(d)) },
	Words: words,
	Verbs: map[string]func(args []string) int{"array": func(args []string) int { return ctl.Follow(append([]string{"array"}, args...)) }},
}

// arrays are those of the profile that run, and what is known of their members.
type arrays struct {
	*feature.Deps
	system

	watching, guarding sync.Once

	mu      sync.Mutex
	device  map[string]string // by name
	members map[string]string // descriptions by device: a disk that is gone cannot be asked any more
	waits   map[string]string
	last    map[string]string
	refused map[string]bool
	// insisting are disks whose partitions are in use for the moment.
	insisting map[string]bool

	late latecomers
	seen shared[md.State]
}

func newArrays(d *feature.Deps, s system) *arrays {
	return &arrays{
		Deps: d, system: s, device: map[string]string{}, members: map[string]string{}, waits: map[string]string{},
		last: map[string]string{}, refused: map[string]bool{}, insisting: map[string]bool{},
		late: latecomers{look: make(chan struct{}, 1), came: map[string]bool{}, failed: map[string]string{}, considered: map[string]string{}},
	}
}

// Step starts an array as soon as it may be. One that waits in vain is late, and is started when its members come.
func (a *arrays) Step(unit string) feature.Step {
	name := strings.TrimPrefix(unit, "array:")
	return feature.Step{
		Run:     func(ctx context.Context) error { return a.assemble(ctx, name) },
		Waiting: func() string { return a.waiting(name) },
	}
}

// Stops stop all arrays, so that the next start finds them clean.
func (a *arrays) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.Arrays, Step: power.Step{Name: "arrays", Limit: 5 * time.Second, Do: a.stop}}}
}

func (a *arrays) stop(context.Context) error {
	var failed []error
	for _, device := range a.running() {
		failed = append(failed, md.Stop(device))
	}
	return errors.Join(failed...)
}

// Answers let uinitctl ask about arrays and have work done on them.
func (a *arrays) Answers() map[string]status.Stream {
	return map[string]status.Stream{"array": a.answer}
}

// observe looks at all disks and arrays. Partitions of members are not left for anybody to use.
func (a *arrays) observe() (md.State, error) {
	return a.seen.ask(func() (md.State, error) {
		have, err := a.kernel.Observe(a.Life)
		if err == nil {
			a.clear(have)
		}
		return have, err
	})
}

// machine is what planning needs of the box.
func (a *arrays) machine() md.Machine {
	m := a.Machine.Now()
	return md.Machine{Host: string(m.Hostname), Arrays: m.Array}
}

// running are the devices of arrays that run, by the arrays' names.
func (a *arrays) running() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.device)
}

// wait notes what an array waits for.
func (a *arrays) wait(name, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waits[name] = reason
}

func (a *arrays) waiting(name string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waits[name]
}

// describe is what a member was called when it was last there.
func (a *arrays) describe(device string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if text := a.members[device]; text != "" {
		return text
	}
	return device
}

func (a *arrays) remember(members ...md.Member) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range members {
		a.members[m.Device] = m.String()
	}
}
