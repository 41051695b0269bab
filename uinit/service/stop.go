package service

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// Stops is what becomes of services on the way down.
func (s *services) Stops() []feature.Stop {
	limit := time.Duration(s.Machine.Now().Boot.StopTimeout)
	return []feature.Stop{{Phase: feature.Services, Step: power.Step{Name: "services", Limit: limit, Do: s.stop}}}
}

// stop stops services side by side, but none before those that need it.
func (s *services) stop(ctx context.Context) error {
	down := map[string]chan struct{}{}
	for name := range s.all {
		down[name] = make(chan struct{})
	}
	users := dependants(s.Machine.Now().Service)
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for name, one := range s.all {
		all.Go(func() {
			defer close(down[name])
			for _, user := range users[name] {
				select {
				case <-down[user]:
				case <-ctx.Done():
				}
			}
			if err := one.Stop(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// dependants says which services need a service directly.
func dependants(rows map[string]spec.Service) map[string][]string {
	users := map[string][]string{}
	for _, name := range graph.Names(rows) {
		for _, need := range rows[name].Needs {
			for other := range rows {
				if need == "service:"+other && other != name {
					users[other] = append(users[other], name)
				}
			}
		}
	}
	return users
}
