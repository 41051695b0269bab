package watchdog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/watchdog/plan"
)

// Linked is the feature [watchdog].
var Linked = feature.Linked{Name: "watchdog", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return &keeper{Deps: d} }}

// keeper feeds the watchdog of a boot.
type keeper struct {
	*feature.Deps
	feeding atomic.Pointer[feeding]
}

// feeding can be ended, and the watchdog is disarmed then.
type feeding struct {
	stop context.CancelFunc
	done <-chan error
}

// Step is the work behind "watchdog".
func (k *keeper) Step(string) feature.Step { return feature.Step{Run: k.start} }

// Stops disarm it, last: a way down that hangs is to end, too.
func (k *keeper) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.Watchdog, Step: power.Step{Name: "watchdog", Limit: 2 * time.Second, Do: k.stop}}}
}

// start finds a watchdog and feeds it until stop.
func (k *keeper) start(context.Context) error {
	sys := dev.Sys()
	name, identity, err := Find(sys)
	if errors.Is(err, ErrNone) {
		if err := k.Kmod.Load("softdog"); err != nil {
			return fmt.Errorf("finding no watchdog in the machine: %w", err)
		}
		name, identity, err = Find(sys)
	}
	if err != nil {
		return err
	}
	device, err := Open(name)
	if err != nil {
		return err
	}
	dog, timeout, err := Start(device, time.Duration(k.Machine.Now().Watchdog.Timeout))
	if err != nil {
		return err
	}
	dog.Well = k.well
	dog.Log = func(format string, args ...any) { k.Log.Warn(fmt.Sprintf(format, args...)) }
	k.Facts.Fact(plan.Device.Is(identity))
	k.Facts.Fact(plan.Timeout.Is(timeout.Seconds()))
	// Beyond life: a shutdown that hangs is to end, too.
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- dog.Run(ctx) }()
	k.feeding.Store(&feeding{stop, done})
	return nil
}

// well says whether the worker is in order: it answers what "uinitctl status" asks.
func (k *keeper) well(context.Context) error {
	k.Facts.Units()
	return nil
}

// stop ends the feeding, and the watchdog with it.
func (k *keeper) stop(ctx context.Context) error {
	f := k.feeding.Load()
	if f == nil {
		return nil
	}
	f.stop()
	select {
	case err := <-f.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
