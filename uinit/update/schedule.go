package update

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/update/plan"
)

// firstLook is how long after the boot the source is asked first, at the earliest: whoever has come to the box is to be served first.
const firstLook = 30 * time.Second

// look anew at why a restart has to wait.
const again = time.Minute

// follow asks the source for as long as the machine runs.
func (u *updater) follow() {
	cfg := u.Machine.Now().Update
	if cfg.Source == "" {
		return
	}
	for wait := spread(firstLook); ; wait = spread(time.Duration(cfg.Interval)) {
		select {
		case <-u.Life.Done():
			return
		case <-u.now:
		case <-time.After(wait):
		}
		if err := u.checkFor(patience); err != nil && u.Life.Err() == nil {
			u.Log.Warn(fmt.Sprintf("update: asking %s: %v", cfg.Source, err))
		}
		if cfg.Auto == spec.UpdateApply {
			u.startNext()
		}
	}
}

// patience is how long a source may take to hand a version over. What has come by then is not fetched again.
const patience = 6 * time.Hour

// checkFor asks the source, for no longer than that. What a stranger's server brings it to is an error of this alone: a box that crashed at
// each look would soon reboot at each.
func (u *updater) checkFor(patience time.Duration) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("BUG: panic: %v", v)
		}
	}()
	ctx, cancel := context.WithTimeoutCause(u.Life, patience, fmt.Errorf("not done within %v", patience))
	defer cancel()
	return u.check(ctx)
}

// spread is a time and up to a quarter more, by chance: boxes that were switched on together are not to ask together.
func spread(d time.Duration) time.Duration { return d + rand.N(d/4+1) }

// check asks the source, and does with a newer version what the profile says.
func (u *updater) check(ctx context.Context) error {
	cfg := u.Machine.Now().Update
	if len(u.Machine.Now().Time.Servers) > 0 && !u.News.ClockSynced.Load() {
		// A certificate is judged by the clock.
		return errors.New("the clock does not agree with the time servers yet; that is waited for")
	}
	ctx, done, err := u.turn.take(ctx, false)
	if err != nil {
		return err
	}
	defer done()
	from, err := u.open(ctx, cfg.Source, func(why string) { u.doing("waiting for %s: %s", cfg.Source, why) })
	if err != nil {
		return err
	}
	defer from.close()
	defer u.doing("")
	o, err := u.look(ctx, from)
	if err != nil {
		return err
	}
	r, _, err := u.book.read()
	if err != nil {
		return err
	}
	if !u.news(o, &r) {
		return nil
	}
	_, here := u.there(o, &r)
	switch {
	case here || cfg.Auto == spec.UpdateOff:
		return nil
	case o.hash == r.Failed:
		return fmt.Errorf("%s failed on this box and is not tried again by itself; \"uinitctl update apply %s\" does", o.Version, cfg.Source)
	}
	if err := u.judge(o.Manifest, false); err != nil {
		return err
	}
	return u.take(ctx, from, o, func(string, ...any) {})
}

// news makes known what the source has, and says whether it is anything else than what runs, or older.
func (u *updater) news(o *offer, r *slot.Record) bool {
	at, here := u.there(o, r)
	if here && at == u.on.running || slot.Compare(o.Version, u.Machine.Image.Version) < 0 {
		u.Facts.Fact(plan.Available.Is(""))
		return false
	}
	u.Facts.Fact(plan.Available.Is(o.Version))
	return true
}

// startNext starts what is to be tried, once nothing speaks against that.
func (u *updater) startNext() {
	for {
		r, _, err := u.book.read()
		if err != nil || r.Of(u.on.other()).State != slot.Next {
			return
		}
		// Where the boot loader cannot write the record, or finds no tries in it, a restart would change nothing, and the next one neither.
		if _, hash, _ := u.on.head(u.on.other()); hash == u.passedOver || r.Tries == 0 {
			u.Log.Error(fmt.Sprintf("update: %s is not started by itself: it was next as uinit began, and the boot loader had not tried it; \"uinitctl update restart\" starts it once more", r.Of(u.on.other()).Version))
			return
		}
		why, wait := u.notNow(time.Now())
		if why == "" {
			u.Log.Warn(fmt.Sprintf("update: starting %s", r.Of(u.on.other()).Version))
			if err := u.reboot(); err != nil {
				u.Log.Error("update: " + err.Error())
			}
			return
		}
		u.doing("%s is started later: %s", r.Of(u.on.other()).Version, why)
		select {
		case <-u.Life.Done():
			return
		case <-time.After(wait):
		}
	}
}

// notNow says why the box is not to be restarted by itself at the moment, and when to look again.
func (u *updater) notNow(now time.Time) (why string, wait time.Duration) {
	cfg := u.Machine.Now().Update
	if w, ok := plan.ParseWindow(cfg.Window); ok {
		if wait := w.Until(now); wait > 0 {
			return "the window is " + cfg.Window + " UTC", wait
		}
	}
	// A disk that is being filled is not to be interrupted; nor is an array to be started with one too few.
	var busy []string
	for _, e := range u.Facts.Facts() {
		name, array := strings.CutPrefix(e.Name, "array.")
		name, action := strings.CutSuffix(name, ".action")
		if what, _ := e.Value.(string); array && action && what != "idle" && what != "" {
			busy = append(busy, "array "+name+" is busy: "+what)
		}
	}
	return strings.Join(busy, ", "), again
}
