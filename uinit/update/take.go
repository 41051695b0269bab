package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/uinit/update/plan"
)

// take writes a version to the slot that does not run, reads it back, and has the next start try it. Who calls it has the turn. say hears
// what happens.
func (u *updater) take(ctx context.Context, from origin, o *offer, say func(string, ...any)) error {
	defer u.doing("")
	u.doing("writing %s", o.Version)
	to := u.on.other()
	before, _, err := u.book.read()
	if err != nil {
		return err
	}
	if at, here := u.there(o, &before); here && at == to && before.Of(at).State == slot.Next && before.Tries > 0 {
		return nil // somebody else was at it, and is done
	}
	if state := before.Of(u.on.running).State; state == slot.Trying || state == slot.Next {
		return fmt.Errorf("%s, which runs, has not proved itself yet, and what is in slot %s is its way back: wait for its checks, or say \"uinitctl update commit\"", u.Machine.Image.Version, to)
	}
	r, err := u.book.change(slot.Event{Kind: slot.Begin, Slot: to, Version: o.Version})
	if err != nil {
		return fmt.Errorf("%s cannot be written now: %w", o.Version, err)
	}
	u.tell(r)
	again := before.Of(to).State == slot.Writing && before.Of(to).Version == o.Version
	if err := u.fill(ctx, from, o, again, say); err != nil {
		return fmt.Errorf("writing %s to slot %s: %w", o.Version, to, err)
	}
	say("%s is written to slot %s; reading it back", o.Version, to)
	if err := verify(ctx, u.on.slots[to], o.text, o.Manifest); err != nil {
		return fmt.Errorf("slot %s: %w", to, err)
	}
	if r, err = u.book.change(slot.Event{Kind: slot.Wrote, Slot: to, Tries: u.Machine.Now().Update.Tries}); err != nil {
		return err
	}
	u.tell(r)
	u.Log.Warn(fmt.Sprintf("update: %s, signed by %s, is in slot %s: the next start tries it", o.Version, o.signer, to))
	return nil
}

// fill writes the slot, out of what is here already and what is not.
func (u *updater) fill(ctx context.Context, from origin, o *offer, again bool, say func(string, ...any)) (err error) {
	device := u.on.slots[u.on.other()]
	own, _, _ := u.on.head(u.on.running)
	here, err := openLocal(u.on.slots[u.on.running], own)
	if err != nil {
		return err
	}
	defer here.close()
	half := &local{}
	if again { // what the last try wrote before it broke off lies where it belongs
		if half, err = openLocal(device, o.Manifest); err != nil {
			return err
		}
		defer half.close()
	}
	f, err := sameDisk(device, u.book.disk, func(name string) (*os.File, error) { return direct.Open(name, os.O_WRONLY) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := newWriter(f)
	defer func() {
		if err != nil {
			_ = errors.Join(w.flush(), w.wait()) // the next try finds it
		}
	}()
	if _, err := w.Write(slot.Head(o.text)); err != nil {
		return err
	}
	fetched := int64(0)
	for _, p := range o.Parts {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		read := func(to io.Writer) error { return from.read(ctx, p.Offset, p.Size, to) }
		if at, ok := here.has(p); ok {
			read = func(to io.Writer) error { return here.copy(at, to) }
		} else if at, ok := half.has(p); ok {
			read = func(to io.Writer) error { return half.copy(at, to) }
		} else {
			fetched += p.Size
		}
		if err := part(p, w, read); err != nil {
			return fmt.Errorf("%d bytes at %d: %w", p.Size, p.Offset, err)
		}
		say("%s: %d %%", o.Version, 100*(p.Offset+p.Size)/o.Size)
	}
	u.Log.Info(fmt.Sprintf("update: of %d bytes of %s %d were fetched, the others were here", o.Size, o.Version, fetched))
	u.Facts.Fact(plan.Fetched.Is(fetched))
	return w.finish()
}
