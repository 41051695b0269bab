package update

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

func ignore(report.Event) error { return nil }

func newer(t *testing.T) []byte {
	return image(t, "2026.49", nil, piece("kernel", 1<<20), piece("modules", 300_032), piece("config 49", 30_208))
}

// A version is written, read back, and next. What the running one has as well is taken from there.
func TestTake(t *testing.T) {
	b, update := newBox(t), newer(t)
	if err := b.give(t, update); err != nil {
		t.Fatal(err)
	}
	b.slotIs(t, slot.B, update)
	r := b.record(t)
	if got := r.Of(slot.B); got.State != slot.Next || got.Version != "2026.49" || r.Tries != 3 || r.Start != slot.A {
		t.Errorf("the record: %+v", r)
	}
	if got := featuretest.Fact(b.Deps, "update.fetched_bytes"); got != int64(30_208) {
		t.Errorf("%v bytes were fetched", got)
	}
	if b.reboots > 0 {
		t.Error("a person's command restarts the box")
	}
	if err := b.give(t, update); err != nil || b.record(t).Number != r.Number {
		t.Errorf("once more: %v", err)
	}
}

// Whatever is wrong with a version, the other slot is not next, and what runs is what starts.
func TestRefused(t *testing.T) {
	damaged := newer(t)
	damaged[len(damaged)-1] ^= 1
	late := newer(t)
	for name, tt := range map[string]struct {
		update []byte
		want   string
	}{
		"truncated in the manifest": {newer(t)[:600], "ends after"},
		"truncated":                 {newer(t)[:1<<20], "ends after"},
		"empty":                     {nil, "ends after"},
		"something else":            {bytes.Repeat([]byte("x"), 10000), "no update of imgbuild's"},
		"damaged":                   {damaged, "SHA-256"},
		"damaged manifest":          {bytes.Replace(late, []byte(`"profile":"box"`), []byte(`"profile":"bux"`), 1), "and this box is a box"},
		"another profile":           {image(t, "2026.49", func(m *slot.Manifest) { m.Profile = "nas" }, piece("x", 512)), "a version of nas, and this box is a box"},
		"older":                     {image(t, "2026.47", nil, piece("x", 512)), "older than 2026.48, which runs"},
		"a later loader":            {image(t, "2026.49", func(m *slot.Manifest) { m.Loader++ }, piece("x", 512)), "later boot loader"},
		"another format":            {image(t, "2026.49", func(m *slot.Manifest) { m.Format++ }, piece("x", 512)), "format 2"},
		"not without one between":   {image(t, "2026.52", func(m *slot.Manifest) { m.Minimum = "2026.50" }, piece("x", 512)), "follows 2026.50 or later"},
		"too large":                 {image(t, "2026.49", nil, piece("x", 5<<20)), "a slot has room for 4194304"},
		"what runs":                 {image(t, "2026.48", nil, piece("kernel", 1<<20), piece("modules", 300_032), piece("config 48", 20_992)), "is what runs"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			err := b.give(t, tt.update)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want one with %q", err, tt.want)
			}
			if r := b.record(t); r.Of(slot.A).State != slot.Good || r.Start != slot.A || r.Of(slot.B).State == slot.Next {
				t.Errorf("the record: %+v", r)
			}
			// And the box takes the next one.
			if err := b.give(t, newer(t)); err != nil || b.record(t).Of(slot.B).State != slot.Next {
				t.Errorf("the next one: %v", err)
			}
		})
	}
	b := newBox(t)
	file := b.put(t, "y.update", newer(t))
	if err := b.apply(t.Context(), []string{file}, ignore); err == nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a signature: %v", err)
	}
	b.put(t, "y.update.sig", []byte("somebody else's"))
	if err := b.apply(t.Context(), []string{file}, ignore); err == nil || b.record(t).Of(slot.B).State != slot.Empty {
		t.Errorf("with a wrong signature: %v", err)
	}
}

// The way back of a version that is tried is not written to.
func TestNotWhileTrying(t *testing.T) {
	b := newBox(t)
	b.set(t, slot.Record{Start: slot.B, Slots: [2]slot.Slot{{State: slot.Trying, Version: "2026.48"}, {State: slot.Good, Version: "2026.47"}}, Tries: 2})
	if err := b.give(t, newer(t)); err == nil || !strings.Contains(err.Error(), "has not proved itself yet") || b.record(t).Of(slot.B).State != slot.Good {
		t.Errorf("%v, %+v", err, b.record(t))
	}
}

// A person may have an older one.
func TestOlder(t *testing.T) {
	b, older := newBox(t), image(t, "2026.40", nil, piece("x", 512))
	if err := b.give(t, older, "--older"); err != nil || b.record(t).Of(slot.B).State != slot.Next {
		t.Errorf("%v, %+v", err, b.record(t))
	}
}

// dies gives out after some bytes, as a source that goes away does.
type dies struct {
	origin
	after int64
}

func (d *dies) read(ctx context.Context, offset, size int64, to io.Writer) error {
	if d.after -= size; d.after < 0 {
		return errors.New("the source is gone")
	}
	return d.origin.read(ctx, offset, size, to)
}

// What was written before a source died is not fetched again.
func TestGoesOn(t *testing.T) {
	b := newBox(t)
	update := image(t, "2026.49", nil, piece("p0", 8192), piece("p1", 1<<20), piece("p2", 1<<20), piece("p3", 1<<19))
	b.put(t, "x.update.sig", []byte("signed"))
	from, err := b.open(t.Context(), b.put(t, "x.update", update), nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.look(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.take(t.Context(), &dies{from, 2<<20 + 8192}, o, quiet); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a source that dies: %v", err)
	}
	if r := b.record(t); r.Of(slot.B).State != slot.Writing {
		t.Errorf("the record: %+v", r)
	}
	if err := b.take(t.Context(), from, o, quiet); err != nil {
		t.Fatal(err)
	}
	b.slotIs(t, slot.B, update)
	// The first part begins in the block that is written last.
	if got := featuretest.Fact(b.Deps, "update.fetched_bytes"); got != int64(8192+1<<19) {
		t.Errorf("%v bytes were fetched again", got)
	}
}

func quiet(string, ...any) {}

// A disk that takes no more is said, and the slot does not start.
func TestDiskError(t *testing.T) {
	b := newBox(t)
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	b.put(t, "x.update", newer(t))
	b.put(t, "x.update.sig", []byte("signed"))
	// Writing beyond this is EFBIG for this process; the record's copies lie below.
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 20, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	err := b.apply(t.Context(), []string{b.dir + "/x.update"}, ignore)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EFBIG) || b.record(t).Of(slot.B).State != slot.Writing {
		t.Errorf("%v, %+v", err, b.record(t))
	}
}

// A part of the running version that the disk has lost is fetched instead.
func TestRotten(t *testing.T) {
	b, update := newBox(t), newer(t)
	f, err := os.OpenFile(b.on.slots[slot.A], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("rot"), 500_000); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := b.give(t, update); err != nil {
		t.Fatal(err)
	}
	b.slotIs(t, slot.B, update)
	if got := featuretest.Fact(b.Deps, "update.fetched_bytes"); got != int64(1<<20+30_208) {
		t.Errorf("%v bytes were fetched", got)
	}
}

// What was written and reads back as something else is not next.
func TestReadBack(t *testing.T) {
	b, update := newBox(t), newer(t)
	b.put(t, "b", append(update, make([]byte, slotSize-len(update))...))
	text, err := slot.ReadHead(bytes.NewReader(update))
	if err != nil {
		t.Fatal(err)
	}
	m, err := slot.ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t.Context(), b.on.slots[slot.B], text, m); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{600, slot.HeadSize(len(text)), 1 << 20, m.Size - 1} {
		damaged := bytes.Clone(update)
		damaged[at] ^= 4
		b.put(t, "b", append(damaged, make([]byte, slotSize-len(update))...))
		if err := verify(t.Context(), b.on.slots[slot.B], text, m); err == nil {
			t.Errorf("a wrong byte at %d is not noticed", at)
		}
	}
}

// A stick may be pulled, and the name of its partitions go to another one, which has slots as well.
func TestAnotherDisk(t *testing.T) {
	b := newBox(t)
	b.book.disk = 7 // a file has none
	if err := b.give(t, newer(t)); !errors.Is(err, errOtherDisk) {
		t.Errorf("to another disk: %v", err)
	}
	if err := b.answer(t.Context(), []string{"rollback"}, ignore); !errors.Is(err, errOtherDisk) {
		t.Errorf("back by another disk's record: %v", err)
	}
	b.slotIs(t, slot.B, make([]byte, slotSize))
	b.book.disk = 0
	if r := b.record(t); r.Of(slot.B).State != slot.Empty {
		t.Errorf("its record: %+v", r)
	}
	if err := os.Remove(b.on.record); err != nil {
		t.Fatal(err)
	}
	if err := b.give(t, newer(t)); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("to a disk that is gone: %v", err)
	}
}
