package qemu_tests

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// unflushed is how often the power fails when a disk has kept some of what no flush had followed, and lost the rest.
const unflushed = 200

// fails has the power fail at all cuts, one after the other, and judges each; seen sees the image then. The last write is one of those.
func (p *platter) fails(writes []write, all []cut, dice *rand.Rand, seen func(n int)) error {
	var at []int // where writes are lost: at those to the record more often, of which there are few
	for i, w := range writes {
		at = append(at, i)
		if len(w.data) > 0 && w.in(p.record) {
			at = append(at, i, i, i)
		}
	}
	lost, begun := map[int]int{}, 0
	for range unflushed {
		lost[at[dice.IntN(len(at))]]++
	}
	var before []write // what was there before each write since the last flush
	for i, w := range writes {
		if w.flush {
			before, begun = nil, i
		}
		if len(w.data) > 0 && !w.in(p.record) && !w.in(p.slots[slot.A]) && !w.in(p.slots[slot.B]) {
			return fmt.Errorf("write %d: %d bytes at %d, in no slot and not in the record", i, len(w.data), w.at)
		}
		for n, c := range all {
			if c.write != i {
				continue
			}
			w.data = writes[i].data[:c.sectors*slot.Sector]
			was := p.put(w)
			if err := p.verdict(); err != nil {
				return fmt.Errorf("after write %d and %d sectors: %w", i, c.sectors, err)
			}
			seen(n)
			p.put(was)
		}
		before = append(before, p.put(writes[i]))
		for range lost[i] {
			if err := p.loses(writes[begun:i+1], before, dice); err != nil {
				return fmt.Errorf("at write %d, %w", i, err)
			}
		}
	}
	return nil
}

// loses has the power fail when the disk has kept some of the latest writes and others not. before is what was there, for each of them.
func (p *platter) loses(writes, before []write, dice *rand.Rand) error {
	for _, was := range slices.Backward(before) {
		p.put(was)
	}
	var kept []int
	var again []write
	for i, w := range writes {
		if w.kept || dice.IntN(2) == 0 {
			kept, again = append(kept, i), append(again, p.put(w))
		}
	}
	if err := p.verdict(); err != nil {
		return fmt.Errorf("where %v are kept of %d since the last flush: %w", kept, len(writes), err)
	}
	for _, was := range slices.Backward(again) {
		p.put(was)
	}
	for _, w := range writes {
		p.put(w)
	}
	return nil
}

// box writes what a box does, with the real writer of records, to a small disk.
type box struct {
	*platter
	*slot.Record
	writes []write
}

func newBox(t *testing.T) *box {
	t.Helper()
	const size = 1 << 20
	part := func(n int64) layout.Partition {
		return layout.Partition{Start: (n + 1) * layout.Align, Size: layout.Align}
	}
	first := slot.First("1")
	b := &box{&platter{bytes: make([]byte, 4*size), record: part(0), slots: map[slot.Name]layout.Partition{slot.A: part(1), slot.B: part(2)}, whole: map[slot.Name]error{}}, &first, nil}
	record, err := slot.Partition(first)
	if err != nil {
		t.Fatal(err)
	}
	copy(b.part(b.record), record)
	copy(b.part(b.slots[slot.A]), versionOf(t, "1"))
	return b
}

// versionOf is a small one.
func versionOf(t *testing.T, version string) []byte {
	t.Helper()
	content := make([]byte, 100<<10)
	rand.NewChaCha8(sha256.Sum256([]byte(version))).Read(content)
	sum := sha256.Sum256(content)
	m := slot.Manifest{Format: slot.ManifestFormat, Profile: "box", Version: version, Loader: slot.LoaderFormat, Parts: []slot.Part{{SHA256: hex.EncodeToString(sum[:])}}}
	var text []byte
	for range 3 { // its length is part of what it says
		head := slot.HeadSize(len(text))
		m.Parts[0].Range, m.Size = slot.Range{Offset: head, Size: int64(len(content))}, head+int64(len(content))
		var err error
		if text, err = json.Marshal(m); err != nil {
			t.Fatal(err)
		}
	}
	return append(slot.Head(text), content...)
}

// toRecord is the box's writer of its record.
type toRecord struct{ *box }

func (r toRecord) WriteAt(p []byte, at int64) (int, error) {
	r.write(r.record, at, p)
	return len(p), nil
}

func (b *box) write(to layout.Partition, at int64, p []byte) {
	b.writes = append(b.writes, write{at: to.Offset() + at, data: bytes.Clone(p)})
}

func (b *box) flush() { b.writes = append(b.writes, write{flush: true}) }

func (b *box) has(t *testing.T, e slot.Event) {
	t.Helper()
	if err := b.Apply(e); err != nil {
		t.Fatal(err)
	}
	if err := slot.Write(toRecord{b}, func() error { b.flush(); return nil }, b.Record); err != nil {
		t.Fatal(err)
	}
}

// fill writes a slot, its beginning last.
func (b *box) fill(t *testing.T, n slot.Name, version string) {
	t.Helper()
	content, chunk := versionOf(t, version), 16<<10
	for at := chunk; at < len(content); at += chunk {
		b.write(b.slots[n], int64(at), content[at:min(at+chunk, len(content))])
	}
	b.write(b.slots[n], 0, content[:chunk])
}

// What a box does in its order no power cut spoils, and what it does in another order is found.
func TestPowerCutsAreFound(t *testing.T) {
	t.Parallel()
	begin, wrote := slot.Event{Kind: slot.Begin, Slot: slot.B, Version: "2"}, slot.Event{Kind: slot.Wrote, Slot: slot.B, Tries: 3}
	for name, tt := range map[string]struct {
		does  func(b *box)
		found bool
	}{
		"in order": {func(b *box) {
			b.has(t, begin)
			b.fill(t, slot.B, "2")
			b.flush()
			b.has(t, wrote)
			b.has(t, slot.Event{Kind: slot.Fail, Slot: slot.B, Why: "x"})
			b.has(t, begin)
			b.fill(t, slot.B, "2")
			b.flush()
			b.has(t, wrote)
		}, false},
		"next before it is written": {func(b *box) {
			b.has(t, begin)
			b.has(t, wrote)
			b.fill(t, slot.B, "2")
			b.flush()
		}, true},
		"next before it is on the disk": {func(b *box) {
			b.has(t, begin)
			b.fill(t, slot.B, "2")
			b.has(t, wrote)
		}, true},
		"over what runs": {func(b *box) {
			b.has(t, begin)
			b.fill(t, slot.A, "2")
			b.flush()
		}, true},
		"both copies at once": {func(b *box) {
			b.write(b.record, 0, make([]byte, 128<<10))
			b.has(t, begin)
		}, true},
		"the table": {func(b *box) { b.write(layout.Partition{}, slot.Sector, make([]byte, slot.Sector)) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			tt.does(b)
			dice := rand.New(rand.NewPCG(1, 1))
			all := cuts(b.writes, func(w write) bool { return w.in(b.record) }, dice, 60)
			seen := 0
			err := b.fails(b.writes, all, dice, func(int) { seen++ })
			if found := err != nil; found != tt.found {
				t.Errorf("found: %v", err)
			}
			if !tt.found && (seen < 60 || seen != len(all)) {
				t.Errorf("%d cuts of %d", seen, len(all))
			}
		})
	}
}
