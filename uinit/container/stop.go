package container

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/plan"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/volume"
)

// Stops is what becomes of containers before anything that they stand on ends, and of the volumes that their roots lie on.
func (c *containers) Stops() []feature.Stop {
	if len(c.all) == 0 {
		return nil
	}
	stops := []feature.Stop{{Phase: feature.Guests, Step: power.Step{Name: "containers", Limit: c.stopLimit(), Do: c.stop}}}
	if all := groups(c.Machine.Now()); len(all) > 0 {
		stops = append(stops, feature.Stop{Phase: feature.Volumes, Step: power.Step{Name: "volumes of containers", Limit: 5 * time.Second, Do: func(ctx context.Context) error {
			return volume.Stop(ctx, c.Disks.Sys, c.Disks.Check, all)
		}}})
	}
	return stops
}

// stopLimit is how long stop may take: a container waits for those that need it.
func (c *containers) stopLimit() time.Duration {
	rows := c.Machine.Now().Container
	longest := map[string]time.Duration{}
	var of func(name string) time.Duration
	of = func(name string) time.Duration {
		if known, ok := longest[name]; ok {
			return known
		}
		longest[name] = 0 // who needs himself waits for nobody
		var others time.Duration
		for _, user := range users(rows, name) {
			others = max(others, of(user))
		}
		longest[name] = others + time.Duration(rows[name].StopTimeout) + 2*time.Second // to kill what stays
		return longest[name]
	}
	var limit time.Duration
	for name := range rows {
		limit = max(limit, of(name))
	}
	return limit
}

// users are the containers that need one directly.
func users(rows map[string]spec.Container, name string) (names []string) {
	for _, other := range graph.Names(rows) {
		if other != name && slices.Contains(plan.Others(rows[other]), name) {
			names = append(names, other)
		}
	}
	return names
}

// stop stops containers side by side, but none before those that need it.
func (c *containers) stop(ctx context.Context) error {
	rows, down := c.Machine.Now().Container, map[string]chan struct{}{}
	for name := range c.all {
		down[name] = make(chan struct{})
	}
	errs := make([]error, len(c.all))
	var all sync.WaitGroup
	for _, one := range c.all {
		all.Go(func() {
			defer close(down[one.name])
			for _, user := range users(rows, one.name) {
				select {
				case <-down[user]:
				case <-ctx.Done():
				}
			}
			errs[one.number] = c.end(ctx, one)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// end stops a container, and lets go of its disk.
func (c *containers) end(ctx context.Context, one *container) error {
	return errors.Join(one.service.Stop(ctx), one.closeDisk(ctx))
}
