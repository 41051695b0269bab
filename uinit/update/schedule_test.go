package update

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A box is not restarted by itself outside of the window, nor while an array is busy, and the reason is named.
func TestNotNow(t *testing.T) {
	b := newBox(t)
	at := time.Date(2026, 11, 29, 1, 0, 0, 0, time.UTC)
	if why, _ := b.notNow(at); why != "" {
		t.Errorf("nothing speaks against it: %q", why)
	}
	b.Machine.Now().Update.Window = "02:00-04:00"
	if why, wait := b.notNow(at); !strings.Contains(why, "02:00-04:00") || wait != time.Hour {
		t.Errorf("an hour before the window: %q, %v", why, wait)
	}
	action := fact.Each[string]{Pattern: "array.NAME.action"}
	b.Facts.Fact(action.Of("data").Is("recover"))
	b.Facts.Fact(action.Of("log").Is("idle"))
	if why, wait := b.notNow(at.Add(time.Hour)); why != "array data is busy: recover" || wait <= 0 {
		t.Errorf("within the window, during a rebuild: %q, %v", why, wait)
	}
	b.Facts.Fact(action.Of("data").Is("idle"))
	if why, _ := b.notNow(at.Add(time.Hour)); why != "" {
		t.Errorf("after it: %q", why)
	}
}

// What is next is started, once.
func TestStartNext(t *testing.T) {
	b := newBox(t)
	b.startNext()
	if b.reboots != 0 {
		t.Error("it restarts for nothing")
	}
	b.set(t, slot.Record{Start: slot.A, Slots: [2]slot.Slot{{State: slot.Good}, {State: slot.Next, Version: "2026.49"}}, Tries: 3})
	b.startNext()
	if b.reboots != 1 {
		t.Errorf("%d restarts", b.reboots)
	}
}

// A panic in a look at the source is an error of that look.
func TestCheckPanics(t *testing.T) {
	b := newBox(t)
	b.Machine.Now().Update.Source = b.put(t, "x.update", newer(t))
	b.put(t, "x.update.sig", []byte("signed"))
	b.trust = func(context.Context, []byte, []byte) (string, error) { panic("no") }
	if err := b.checkFor(time.Minute); err == nil || err.Error() != "BUG: panic: no" {
		t.Errorf("%v", err)
	}
	// And the lock on the slots is not held.
	b.trust = func(context.Context, []byte, []byte) (string, error) { return "me", nil }
	b.Machine.Now().Update.Auto = spec.UpdateDownload
	if err := b.checkFor(time.Minute); err != nil || b.record(t).Of(slot.B).State != slot.Next {
		t.Errorf("%v, %+v", err, b.record(t))
	}
}

// Where the boot loader has passed over what was next, restarts would go on for ever.
func TestPassedOver(t *testing.T) {
	b := newBox(t)
	if err := b.give(t, newer(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.settleRecord(); err != nil {
		t.Fatal(err)
	}
	b.startNext()
	if b.reboots != 0 {
		t.Error("it restarts again, as before")
	}
	if err := b.give(t, image(t, "2026.50", nil, piece("x", 512))); err != nil {
		t.Fatal(err)
	}
	b.startNext()
	if b.reboots != 1 {
		t.Errorf("%d restarts for another version", b.reboots)
	}
	b.set(t, slot.Record{Start: slot.A, Slots: [2]slot.Slot{{State: slot.Good}, {State: slot.Next, Version: "2026.49"}}})
	b.startNext()
	if b.reboots != 1 {
		t.Error("it restarts for what has no tries")
	}
	// A person's word gives it new ones.
	if err := b.give(t, image(t, "2026.50", nil, piece("x", 512))); err != nil || b.record(t).Tries != 3 {
		t.Errorf("%v, %+v", err, b.record(t))
	}
}
