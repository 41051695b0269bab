// Package update takes new versions of the box: it writes them to the slot that does not run, proves the one that is tried by the box's own
// checks, and goes back from one that fails (package slot, docs/update.md).
package update

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/uinit/beside"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
	"github.com/imgbuild/imgbuild/uinit/update/plan"
)

// Linked is the feature [update].
var Linked = feature.Linked{
	Name: "update", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return newUpdater(d) },
	Words: words,
	Verbs: map[string]func(args []string) int{
		"update": func(args []string) int { return ctl.Follow(append([]string{"update"}, args...)) },
	},
}

type updater struct {
	*feature.Deps
	fetcher, verifier *beside.Program

	turn turn
	// on is nil where the box was not started from a slot; book is the record of its disk.
	on   *disk
	book *book
	// passedOver is the hash of a version that was next already as the init began: the boot loader did not try it.
	passedOver string
	// ready is closed when the unit is done, for better or worse.
	ready chan struct{}
	// now asks the source at once.
	now chan struct{}
	// trust says whose signature of a manifest it is, and reboot restarts the box.
	trust  func(ctx context.Context, manifest, signature []byte) (signer string, err error)
	reboot func() error
	// prover is the program that runs the checks.
	prover string
	// proverGrace is what it may take beyond the time of its checks.
	proverGrace time.Duration
}

func newUpdater(d *feature.Deps) *updater {
	u := &updater{Deps: d, fetcher: &beside.Program{Connects: true}, verifier: &beside.Program{}, ready: make(chan struct{}), now: make(chan struct{}, 1)}
	u.prover, u.proverGrace = "/bin/"+plan.Prover, time.Minute
	u.trust, u.reboot = u.verified, func() error { return power.Request(power.Reboot) }
	d.Programs.AddBeside(fetcherName, u.fetcher)
	d.Programs.AddBeside(verifierName, u.verifier)
	return u
}

// Step is the work behind "update".
func (u *updater) Step(string) feature.Step {
	return feature.Step{Run: func(ctx context.Context) error {
		defer close(u.ready)
		return u.begin(ctx)
	}}
}

// Answers are those of uinitctl.
func (u *updater) Answers() map[string]status.Stream {
	return map[string]status.Stream{"update": u.answer}
}

// begin finds the disk, and notes in its record how far this start has come.
func (u *updater) begin(ctx context.Context) error {
	word, given := u.Machine.Line.Get(slot.Param)
	cfg := u.Machine.Image.Slots
	if !given || cfg == nil {
		return fmt.Errorf("not started from a slot, so there is none to write a version to: %w", unit.ErrSkip)
	}
	running, err := slot.Parse(word)
	if err != nil {
		return fmt.Errorf("reading %s of the kernel line: %w", slot.Param, err)
	}
	ctx, cancel := context.WithTimeout(ctx, plan.DiskTimeout)
	defer cancel()
	on, err := u.awaitDisk(ctx, cfg, running)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("the disk that it lies on is not there")
		}
		return fmt.Errorf("looking for slot %s: %w", running, err)
	}
	if u.book, err = openBook(on.record); err != nil {
		return err
	}
	u.on = on
	u.Facts.Fact(plan.Slot.Is(string(running)))
	r, err := u.settleRecord()
	if err != nil {
		return err
	}
	u.tell(r)
	return nil
}
