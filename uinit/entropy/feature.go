// Package entropy waits for randomness, and takes a seed from one boot to the next. What watches the kernel's pool is
// package pool; the root starts it before there are features.
package entropy

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/uinit/entropy/plan"
	"github.com/imgbuild/imgbuild/uinit/entropy/pool"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// Linked is the feature [entropy].
var Linked = feature.Linked{
	Name: "entropy", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return &seeder{Deps: d} },
	Programs: map[string]func([]string) int{"rngtest": test},
}

type seeder struct {
	*feature.Deps
	seeded atomic.Bool // the seed's directory is there
}

// Step is the work behind "entropy" and "seed".
func (s *seeder) Step(unit string) feature.Step {
	if unit == "seed" {
		return feature.Step{Run: s.use}
	}
	return feature.Step{Run: s.await, Waiting: s.Random.Waiting}
}

// Stops leave a seed.
func (s *seeder) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.State, Step: power.Step{Name: "seed", Limit: 2 * time.Second, Do: s.save}}}
}

// await is the unit that everything which makes keys needs.
func (s *seeder) await(ctx context.Context) error {
	state, err := s.Random.Pool.Wait(ctx)
	if err != nil {
		return err
	}
	s.tell(state)
	return nil
}

// tell says what is known of a pool that is ready.
func (s *seeder) tell(state pool.State) {
	var there []string
	for _, source := range state.There {
		there = append(there, string(source))
	}
	s.Facts.Fact(plan.Sources.Is(there))
	s.Facts.Fact(plan.ReadySeconds.Is(state.At.Seconds()))
	s.Facts.Fact(plan.Source.Is(string(state.By)))
}

// use takes up what the last boot left, and leaves the next one something as soon as there is
// anything worth it. The pool does not wait for this: a disk may be slow, or gone.
func (s *seeder) use(context.Context) error {
	dir := s.Machine.Now().Entropy.State
	if err := bounded.Make(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of the random seed: %w", err)
	}
	use, err := s.Random.Pool.UseSeed(dir, pool.Owner())
	fate := "credited"
	switch {
	case errors.Is(err, pool.ErrNoSeed):
		fate, err = "none yet", nil
	case !use.Credited:
		fate = "stirred in without credit: " + use.Why
	}
	if err != nil {
		fate = err.Error()
	}
	s.Facts.Fact(plan.Seed.Is(fate))
	s.seeded.Store(true)
	go func() {
		select {
		case <-s.Random.Pool.Ready():
			if err := s.save(s.Life); err != nil {
				s.Log.Warn(err.Error())
			}
		case <-s.Life.Done():
		}
	}()
	return err
}

// save leaves a seed for the next boot, where the directory for it came up.
func (s *seeder) save(context.Context) error {
	if !s.seeded.Load() {
		return nil
	}
	err := pool.SaveSeed(pool.System{}, s.Machine.Now().Entropy.State, pool.Owner())
	if errors.Is(err, pool.ErrNotReady) {
		return nil
	}
	return err
}
