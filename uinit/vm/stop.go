package vm

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// Stops is what becomes of guests before anything that they stand on ends.
func (g *guests) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.Guests, Step: power.Step{Name: "vms", Limit: g.stopLimit(), Do: g.stop}}}
}

// stopLimit is how long stop may take: guests of one order stop together.
func (g *guests) stopLimit() time.Duration {
	var sum time.Duration
	for _, group := range spec.VMOrder(g.Machine.Now().VM) {
		var longest time.Duration
		for _, name := range group {
			longest = max(longest, time.Duration(g.Machine.Now().VM[name].StopTimeout))
		}
		sum += longest + 5*time.Second // to switch off what stays on
	}
	return sum
}

// stop stops all guests, those that started last first.
func (g *guests) stop(ctx context.Context) error {
	var failed []error
	order := spec.VMOrder(g.Machine.Now().VM)
	for i := len(order) - 1; i >= 0; i-- {
		errs := make([]error, len(order[i]))
		var group sync.WaitGroup
		for n, name := range order[i] {
			group.Go(func() { errs[n] = g.all[name].service.Stop(ctx) })
		}
		group.Wait()
		failed = append(failed, errs...)
	}
	return errors.Join(failed...)
}
