package slot

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func record() Record {
	return Record{Number: 7, Start: A, Slots: [2]Slot{{State: Good, Version: "2026.48"}, {State: Next, Version: "2026.49"}}, Tries: 3}
}

// What is written is read again, and what GRUB changes is no damage.
func TestRecord(t *testing.T) {
	r := record()
	r.Slots[1].Why, r.Failed, r.Reached = "check.shares: wanted a\\b\nc", "0123456789abcdef", Checks
	block, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(block)
	r.Slots[1].Why, r.format = "check.shares: wanted a/b", RecordFormat
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Fatalf("%+v, %v; want %+v", got, err, r)
	}
	// As save_env writes it: a longer word takes of the filling.
	byGRUB := bytes.Replace(block, []byte("b=next\n"), []byte("b=trying\n"), 1)[:RecordSize]
	byGRUB = bytes.Replace(byGRUB, []byte("tries=3"), []byte("tries=2"), 1)
	if got, err = Decode(byGRUB); err != nil || got.Tries != 2 || got.Of(B).State != Trying {
		t.Errorf("after GRUB: %+v, %v", got, err)
	}
	for i := range block {
		for _, flip := range []byte{1, 0x20, 0x80} {
			damaged := bytes.Clone(block)
			damaged[i] ^= flip
			got, err := Decode(damaged)
			got.Tries = r.Tries // nothing vouches for it but its bounds
			if err == nil && !reflect.DeepEqual(got, r) {
				t.Fatalf("byte %d, %q for %q, gives %+v", i, damaged[i], block[i], got)
			}
		}
	}
}

// The longest of everything has room.
func TestRecordRoom(t *testing.T) {
	long := strings.Repeat("9", 200)
	r := Record{Number: 1<<32 - 1, Start: B, Slots: [2]Slot{{State: Trying, Version: long, Why: long}, {State: Writing, Version: long, Why: long}}, Tries: 9, Reached: Checks, Failed: "0123456789abcdef"}
	if _, err := r.Encode(); err != nil {
		t.Error(err)
	}
}

// A later version's lines are kept, and its records are not written by an earlier one.
func TestLaterRecord(t *testing.T) {
	r := record()
	r.others = []string{"colour=blue"}
	block, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(block)
	if err != nil || !reflect.DeepEqual(got.others, r.others) {
		t.Fatalf("%+v, %v", got, err)
	}
	got.format = 2
	if block, err = got.Encode(); err != nil {
		t.Fatal(err)
	}
	got, err = Decode(block)
	if err != nil || got.Start != A {
		t.Errorf("%+v, %v", got, err)
	}
	if err := Write(make(disk, 1<<20), func() error { return nil }, &got); err == nil {
		t.Error("a record of a later format is written")
	}
}

type disk []byte

func (d disk) ReadAt(p []byte, at int64) (int, error)  { return copy(p, d[at:]), nil }
func (d disk) WriteAt(p []byte, at int64) (int, error) { return copy(d[at:], p), nil }

// Power may fail between any two writes, and one copy may be damaged: what is read is the record before or after.
func TestCopies(t *testing.T) {
	d, r := make(disk, 1<<20), record()
	sync := func() error { return nil }
	if _, _, err := Read(d); !errors.Is(err, errDamaged) {
		t.Errorf("of nothing: %v", err)
	}
	if err := Write(d, sync, &r); err != nil {
		t.Fatal(err)
	}
	next := r
	next.Tries, next.Slots[1].State = 1, Trying
	cut := errors.New("power")
	if err := Write(d, func() error { return cut }, &next); !errors.Is(err, cut) {
		t.Fatal(err)
	}
	if got, whole, err := Read(d); err != nil || whole || got.Tries != 1 {
		t.Errorf("after the first copy: %+v, %v, %v", got, whole, err)
	}
	copy(d[RecordCopies[0]:], make([]byte, RecordSize))
	if got, whole, err := Read(d); err != nil || whole || got.Tries != 3 {
		t.Errorf("with the first copy gone: %+v, %v, %v", got, whole, err)
	}
	if err := Write(d, sync, &next); err != nil {
		t.Fatal(err)
	}
	if got, whole, err := Read(d); err != nil || !whole || got.Number != next.Number {
		t.Errorf("written again: %+v, %v, %v", got, whole, err)
	}
}

func TestApply(t *testing.T) {
	type states struct {
		start Name
		a, b  State
		tries int
	}
	for _, tt := range []struct {
		name string
		from states
		e    Event
		want states // the zero value: refused
	}{
		{"write", states{A, Good, Empty, 0}, Event{Kind: Begin, Slot: B, Version: "2"}, states{A, Good, Writing, 0}},
		{"write over what failed", states{A, Good, Bad, 0}, Event{Kind: Begin, Slot: B, Version: "2"}, states{A, Good, Writing, 0}},
		{"write again", states{A, Good, Writing, 0}, Event{Kind: Begin, Slot: B, Version: "2"}, states{A, Good, Writing, 0}},
		{"write over the older one", states{A, Good, Good, 0}, Event{Kind: Begin, Slot: B, Version: "2"}, states{A, Good, Writing, 0}},
		{"write over what is next", states{A, Good, Next, 3}, Event{Kind: Begin, Slot: B, Version: "2"}, states{A, Good, Writing, 0}},
		{"write over what starts", states{A, Good, Empty, 0}, Event{Kind: Begin, Slot: A}, states{}},
		{"write over a try", states{A, Good, Trying, 1}, Event{Kind: Begin, Slot: B}, states{}},
		{"written", states{A, Good, Writing, 0}, Event{Kind: Wrote, Slot: B, Tries: 3}, states{A, Good, Next, 3}},
		{"written, without a try", states{A, Good, Writing, 0}, Event{Kind: Wrote, Slot: B}, states{}},
		{"written, by nobody", states{A, Good, Bad, 0}, Event{Kind: Wrote, Slot: B, Tries: 3}, states{}},
		{"came", states{A, Good, Trying, 2}, Event{Kind: Came, Slot: B}, states{A, Good, Trying, 2}},
		{"came as usual", states{A, Good, Empty, 0}, Event{Kind: Came, Slot: A}, states{A, Good, Empty, 0}},
		{"booted", states{A, Good, Trying, 2}, Event{Kind: Booted, Slot: B}, states{A, Good, Trying, 2}},
		{"passed", states{A, Good, Trying, 2}, Event{Kind: Pass, Slot: B}, states{B, Good, Good, 0}},
		{"passed, started by kexec", states{A, Good, Next, 3}, Event{Kind: Pass, Slot: B}, states{}},
		{"failed", states{A, Good, Trying, 2}, Event{Kind: Fail, Slot: B, Why: "x"}, states{A, Good, Bad, 0}},
		{"failed, started by kexec", states{A, Good, Next, 3}, Event{Kind: Fail, Slot: B, Why: "x"}, states{A, Good, Bad, 0}},
		{"failed, long good", states{A, Good, Empty, 0}, Event{Kind: Fail, Slot: A, Why: "x"}, states{}},
		{"fell", states{A, Good, Trying, 0}, Event{Kind: Fell, Slot: B}, states{A, Good, Bad, 0}},
		{"fell, and was not tried", states{A, Good, Next, 3}, Event{Kind: Fell, Slot: B}, states{}},
		{"failed, and would start again", states{B, Good, Trying, 1}, Event{Kind: Fail, Slot: B, Why: "x"}, states{A, Good, Bad, 0}},
		{"failed, and there is no other", states{B, Bad, Trying, 1}, Event{Kind: Fail, Slot: B, Why: "x"}, states{B, Bad, Bad, 0}},
		{"fell, long good", states{B, Good, Good, 0}, Event{Kind: Fell, Slot: B}, states{A, Good, Bad, 0}},
		{"fell, and would not start", states{A, Good, Good, 0}, Event{Kind: Fell, Slot: B}, states{}},
		{"back", states{B, Good, Good, 0}, Event{Kind: Back, Slot: B, Why: "x"}, states{A, Good, Bad, 0}},
		{"back in a try", states{A, Good, Trying, 2}, Event{Kind: Back, Slot: B, Why: "x"}, states{A, Good, Bad, 0}},
		{"back to nothing", states{A, Good, Empty, 0}, Event{Kind: Back, Slot: A, Why: "x"}, states{}},
		{"back to what failed", states{A, Good, Bad, 0}, Event{Kind: Back, Slot: A, Why: "x"}, states{}},
	} {
		r := Record{Start: tt.from.start, Slots: [2]Slot{{State: tt.from.a}, {State: tt.from.b}}, Tries: tt.from.tries}
		got := r
		err := got.Apply(tt.e)
		if refused := tt.want == (states{}); refused != (err != nil) {
			t.Errorf("%s: %v", tt.name, err)
		} else if refused && !reflect.DeepEqual(got, r) {
			t.Errorf("%s: refused, and still %+v", tt.name, got)
		} else if s := (states{got.Start, got.Slots[0].State, got.Slots[1].State, got.Tries}); !refused && s != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, s, tt.want)
		}
	}
}

func TestCompare(t *testing.T) {
	ordered := []string{"0", "1.0~rc1", "1.0~rc2", "1.0", "1.0.1", "1.0a", "1.2", "1.10", "2", "2026.9", "2026.10", "20261129"}
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := Compare(a, b); got != want {
				t.Errorf("%s, %s: %d, want %d", a, b, got, want)
			}
		}
	}
	if Compare("1.0+a", "1.0+b") != 0 || Compare("01", "1") != 0 {
		t.Error("what does not count counts")
	}
}

func TestManifest(t *testing.T) {
	m := Manifest{Format: 1, Profile: "box", Version: "1", Loader: 1, Size: 4096, Parts: []Part{{Range{0, 0}, strings.Repeat("0", 64)}}}
	text := func() []byte {
		for range 3 { // its length is part of what it says
			b, _ := json.Marshal(m)
			m.Parts[0].Offset = HeadSize(len(b))
			m.Parts[0].Size = m.Size - m.Parts[0].Offset
		}
		b, _ := json.Marshal(m)
		return b
	}
	b := text()
	if _, err := ParseManifest(b); err != nil {
		t.Fatal(err)
	}
	head := Head(b)
	got, err := ReadHead(bytes.NewReader(head))
	if err != nil || !bytes.Equal(got, b) {
		t.Errorf("%s, %v", got, err)
	}
	files := tar.NewReader(bytes.NewReader(append(head, make([]byte, 1024)...)))
	h, err := files.Next()
	if err != nil || h.Name != ManifestName {
		t.Fatalf("tar reads %+v, %v", h, err)
	}
	if got, err := io.ReadAll(files); err != nil || !bytes.Equal(got, b) {
		t.Errorf("tar reads %q, %v", got, err)
	}
	for name, spoil := range map[string]func(){
		"format":           func() { m.Format = 2 },
		"version":          func() { m.Version = "a b" },
		"gap":              func() { m.Parts = append(m.Parts, m.Parts[0]) },
		"size":             func() { m.Size = 1 << 62 },
		"no size":          func() { m.Size = -512 },
		"hash":             func() { m.Parts[0].SHA256 = "00" },
		"no profile":       func() { m.Profile = "" },
		"profile":          func() { m.Profile = "\x1b[31mbox" },
		"profile in lines": func() { m.Profile = "box\nbox 9" },
		"kernel line":      func() { m.Cmdline = "quiet\nrdinit=/bin/sh" },
		"long line":        func() { m.Cmdline = strings.Repeat("x", 2048) },
		"loader":           func() { m.Loader = -5 },
		"kernel elsewhere": func() { m.Kernel = Range{1 << 62, 1 << 62} },
	} {
		was, parts := m, append([]Part(nil), m.Parts...)
		spoil()
		b, _ := json.Marshal(m)
		if _, err := ParseManifest(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
		m, m.Parts = was, parts
	}
	for _, cut := range []int{0, 100, 512, 600} {
		if _, err := ReadHead(bytes.NewReader(head[:cut])); err == nil {
			t.Errorf("%d bytes: accepted", cut)
		}
	}
}
