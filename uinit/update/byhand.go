package update

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// checkNow asks the source. Nothing is done with the answer but to make it known.
func (u *updater) checkNow(ctx context.Context, to feature.Asker) error {
	source := u.Machine.Now().Update.Source
	if source == "" {
		return fmt.Errorf("the profile names no update.source; \"uinitctl update apply FILE|URL\" takes a version from elsewhere")
	}
	ctx, done, err := u.turn.take(ctx, true)
	if err != nil {
		return err
	}
	defer done()
	from, err := u.open(ctx, source, to.Progress)
	if err != nil {
		return err
	}
	defer from.close()
	o, err := u.look(ctx, from)
	if err != nil {
		return err
	}
	to.Tell("%s has %s, signed by %s; %s runs.", source, o.Version, o.signer, u.Machine.Image.Version)
	r, _, err := u.book.read()
	if err != nil {
		return err
	}
	if !u.news(o, &r) {
		return nil
	}
	if _, here := u.there(o, &r); here {
		to.Tell("It is in slot %s; \"uinitctl update restart\" starts it.", u.on.other())
		return nil
	}
	if err := u.judge(o.Manifest, false); err != nil {
		return err
	}
	if auto := u.Machine.Now().Update.Auto; auto != spec.UpdateOff {
		to.Tell("It is written to slot %s now, for auto = %q.", u.on.other(), auto)
		select {
		case u.now <- struct{}{}:
		default:
		}
		return nil
	}
	to.Tell("\"uinitctl update apply\" writes it to slot %s.", u.on.other())
	return nil
}

// apply writes a version that a person names.
func (u *updater) apply(ctx context.Context, args []string, to feature.Asker) error {
	older, name := false, u.Machine.Now().Update.Source
	var named []string
	for _, arg := range args {
		if arg == "--older" {
			older = true
		} else {
			named = append(named, arg)
		}
	}
	switch {
	case len(named) > 1, len(named) == 1 && strings.HasPrefix(named[0], "-"):
		return errors.New("accepted: uinitctl update apply [FILE|URL] [--older]")
	case len(named) == 1:
		name = named[0]
	case name == "":
		return errors.New("the profile names no update.source; accepted: uinitctl update apply FILE|URL [--older]")
	}
	ctx, done, err := u.turn.take(ctx, true)
	if err != nil {
		return err
	}
	defer done()
	r, _, err := u.book.read()
	if err != nil {
		return err
	}
	from, err := u.open(ctx, name, to.Progress)
	if err != nil {
		return err
	}
	defer from.close()
	o, err := u.look(ctx, from)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := u.judge(o.Manifest, older); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if at, here := u.there(o, &r); here && at == u.on.running {
		return fmt.Errorf("%s is what runs", o.Version)
	} else if here && r.Of(at).State == slot.Next && r.Tries > 0 {
		to.Tell("%s is in slot %s already: the next start tries it.", o.Version, at)
		return nil
	}
	if err := u.take(ctx, from, o, func(format string, args ...any) { to.Progress(fmt.Sprintf(format, args...)) }); err != nil {
		return err
	}
	to.Tell("%s, signed by %s, is in slot %s. \"uinitctl update restart\" starts it, and when its checks pass it stays.", o.Version, o.signer, u.on.other())
	return nil
}

// commit takes a person's word in place of the checks.
func (u *updater) commit(to feature.Asker) error {
	if err := u.pass("a person says so"); err != nil {
		return fmt.Errorf("there is nothing to prove: %w", err)
	}
	to.Tell("%s is good, and starts from now on.", u.Machine.Image.Version)
	return nil
}

// rollback has the other version start from now on.
func (u *updater) rollback(to feature.Asker) error {
	_, hash, _ := u.on.head(u.on.running)
	r, err := u.book.change(slot.Event{Kind: slot.Back, Slot: u.on.running, Why: "a person went back from it", Hash: hash})
	if err != nil {
		return err
	}
	u.tell(r)
	u.Log.Warn(fmt.Sprintf("update: a person goes back from %s to %s", u.Machine.Image.Version, r.Of(u.on.other()).Version))
	to.Tell("%s in slot %s starts from now on; \"uinitctl update restart\" does it now.", r.Of(u.on.other()).Version, u.on.other())
	return nil
}
