package crash

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/crash/plan"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// Linked is the feature, which no table names: what the last boot left of its crashes.
var Linked = feature.Linked{Name: "crash", New: func(d *feature.Deps) feature.Feature { return &last{Deps: d} }}

// KeepFor is for PID 1: it leaves word, and returns how many boots in a row have ended so.
func KeepFor(reason string) (reboots int, err error) {
	m, err := spec.Read(spec.Path)
	if err != nil {
		m = &spec.Description{} // the firmware may have room all the same
	}
	n, failed := PlacesOf(&m.Machine, bounded.OnDisk).Keep(reason)
	return n, errors.Join(err, failed)
}

// last is the last boot.
type last struct {
	*feature.Deps
	crashed atomic.Bool // it ended by crashes, and its record lies somewhere
}

// Step is never asked for: there are no units.
func (*last) Step(string) feature.Step { return feature.Step{} }

// patience is for file systems that may not answer.
const patience = 2 * time.Second

// Settled says how the last boot ended, if it ended by crashes: until the boot is over the file systems that may know are
// not there.
func (l *last) Settled() {
	told := make(chan struct{})
	go func() {
		defer close(told)
		l.tell()
	}()
	select {
	case <-told:
	case <-time.After(patience):
	}
}

// tell also drops the record once this boot has lasted.
func (l *last) tell() {
	r, err := l.places().Recall()
	if err != nil {
		return
	}
	l.crashed.Store(true)
	l.Facts.Fact(plan.Reboots.Is(r.Reboots))
	l.Outcomes.Trouble("last-boot", "degraded", fmt.Sprintf("rebooted because uinit crashed again and again (%d in a row); the last time: %s", r.Reboots, r.Reason))
	go func() {
		select {
		case <-time.After(Span):
			if err := l.forget(l.Life); err != nil {
				l.Log.Warn(err.Error())
			}
		case <-l.Life.Done():
		}
	}()
}

// Stops drop the record: somebody ends the run in good order.
func (l *last) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.Record, Step: power.Step{Name: "crash record", Limit: patience, Do: l.forget}}}
}

func (l *last) forget(context.Context) error {
	if !l.crashed.CompareAndSwap(true, false) {
		return nil
	}
	return l.places().Forget()
}

func (l *last) places() Places { return PlacesOf(l.Machine.Now(), bounded.OnDisk) }
