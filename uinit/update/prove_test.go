package update

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// proves has a program in place of the prover.
func (b *box) proves(t *testing.T, script string) {
	t.Helper()
	b.prover = filepath.Join(b.dir, "prove")
	if err := os.WriteFile(b.prover, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

const (
	passes = `echo '{"name":"shares","passed":true}'`
	fails  = `echo '{"name":"links","passed":true}'; echo '{"name":"shares","passed":false,"message":"wanted unit share:nfs to be ok; it is failed"}'; exit 1`
)

// A version that is tried is good when its checks pass, and bad when not; then the box goes back, where there is something to go back to.
func TestProve(t *testing.T) {
	trying := slot.Record{Start: slot.B, Slots: [2]slot.Slot{{State: slot.Trying, Version: "2026.48"}, {State: slot.Good, Version: "2026.47"}}, Tries: 2}
	with := func(change func(*slot.Record)) slot.Record {
		r := trying
		change(&r)
		return r
	}
	for name, tt := range map[string]struct {
		from    slot.Record
		script  string
		start   slot.Name
		state   slot.State
		why     string
		reboots int
	}{
		"passes":                    {trying, passes, slot.A, slot.Good, "", 0},
		"fails":                     {trying, fails, slot.B, slot.Bad, "check.shares: wanted unit share:nfs to be ok; it is failed", 1},
		"fails by its status alone": {trying, "exit 3", slot.B, slot.Bad, "its checks: exit status 3", 1},
		"is killed":                 {trying, "kill -9 $$", slot.B, slot.Bad, "its checks: signal: killed", 1},
		"nothing is checked":        {trying, "exit 0", slot.B, slot.Bad, "check.shares: /bin/prove says nothing of it", 1},
		"another one is checked":    {trying, `echo '{"name":"links","passed":true}'`, slot.B, slot.Bad, "check.shares: /bin/prove says nothing of it", 1},
		"good already":              {with(func(r *slot.Record) { r.Start, r.Slots[0].State = slot.A, slot.Good }), fails, slot.A, slot.Good, "", 0},
		"started by kexec":          {with(func(r *slot.Record) { r.Slots[0].State = slot.Next }), passes, slot.B, slot.Next, "", 0},
		"started by kexec, fails":   {with(func(r *slot.Record) { r.Slots[0].State = slot.Next }), fails, slot.B, slot.Bad, "check.shares: wanted unit share:nfs to be ok; it is failed", 1},
		"no way back":               {with(func(r *slot.Record) { r.Slots[1].State = slot.Bad }), fails, slot.B, slot.Bad, "check.shares: wanted unit share:nfs to be ok; it is failed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.set(t, tt.from)
			b.proves(t, tt.script)
			stays := b.prove()
			r := b.record(t)
			if got := r.Of(slot.A); got.State != tt.state || got.Why != tt.why || r.Start != tt.start || b.reboots != tt.reboots {
				t.Errorf("%+v after %d reboots, want %s, %q and %d", r, b.reboots, tt.state, tt.why, tt.reboots)
			}
			if stays != (tt.state != slot.Bad) {
				t.Errorf("it stays: %v", stays)
			}
			if tt.why != "" && !strings.Contains(featuretest.Fact(b.Deps, "update.failed").(string), "2026.48 failed: "+tt.why) && tt.reboots > 0 {
				t.Errorf("the fact is %v", featuretest.Fact(b.Deps, "update.failed"))
			}
		})
	}
}

// Checks that never end are ended, with what they have started.
func TestProofThatHangs(t *testing.T) {
	b := newBox(t)
	b.proves(t, "sleep 1000 & sleep 1000")
	b.Machine.Image.Proof = `{"x": {"within": "1ms"}}`
	b.proverGrace = 50 * time.Millisecond
	if err := b.checks(t.Context()); err == nil || err.Error() != "its checks did not end" {
		t.Errorf("%v", err)
	}
}

// What brings no checks is not good for that.
func TestNoProof(t *testing.T) {
	for _, proof := range []string{"", "{}", "null", "[", `{"x": 1}`} {
		b := newBox(t)
		b.proves(t, passes)
		b.Machine.Image.Proof = proof
		if err := b.checks(t.Context()); err == nil || err.Error() != "it has no checks that prove it" {
			t.Errorf("%q: %v", proof, err)
		}
	}
}

// What a start means for the slots, and what is told of it.
func TestSettleRecord(t *testing.T) {
	s := func(start slot.Name, a, b slot.State, tries int, reached slot.Reached) slot.Record {
		return slot.Record{Start: start, Slots: [2]slot.Slot{{State: a, Version: "2026.48"}, {State: b, Version: "2026.49"}}, Tries: tries, Reached: reached}
	}
	for name, tt := range map[string]struct {
		from      slot.Record
		start     slot.Name
		a, b      slot.State
		said, not string
	}{
		"as ever":             {s(slot.A, slot.Good, slot.Good, 0, ""), slot.A, slot.Good, slot.Good, "", "failed"},
		"as built":            {s(slot.A, slot.Good, slot.Empty, 0, ""), slot.A, slot.Good, slot.Empty, "", "failed"},
		"a panic":             {s(slot.A, slot.Good, slot.Trying, 0, ""), slot.A, slot.Good, slot.Bad, "2026.49 failed: its last try ended before uinit began: kernel panic, hang or power cut; back on 2026.48", ""},
		"a hang after that":   {s(slot.A, slot.Good, slot.Trying, 0, slot.Init), slot.A, slot.Good, slot.Bad, "2026.49 failed: its last try ended after uinit had begun", ""},
		"a cut in its checks": {s(slot.A, slot.Good, slot.Trying, 0, slot.Checks), slot.A, slot.Good, slot.Bad, "2026.49 failed: its last try ended while its checks ran", ""},
		"GRUB cannot read it": {s(slot.A, slot.Good, slot.Trying, 2, ""), slot.A, slot.Good, slot.Bad, "2026.49 failed: the boot loader could not start it; back on 2026.48", ""},
		"GRUB can no longer":  {s(slot.B, slot.Good, slot.Good, 0, ""), slot.A, slot.Good, slot.Bad, "2026.49 failed: the boot loader could not start it; back on 2026.48", ""},
		"a try":               {s(slot.B, slot.Trying, slot.Good, 2, ""), slot.B, slot.Trying, slot.Good, "", "failed"},
		"half written":        {s(slot.A, slot.Good, slot.Writing, 0, ""), slot.A, slot.Good, slot.Writing, "", "failed"},
		"neither is good":     {s(slot.A, slot.Bad, slot.Bad, 0, ""), slot.A, slot.Bad, slot.Bad, "neither version is good: 2026.48 in slot a and 2026.49 in slot b", ""},
	} {
		b := newBox(t)
		b.set(t, tt.from)
		r, err := b.settleRecord()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b.tell(r)
		if r = b.record(t); r.Start != tt.start || r.Of(slot.A).State != tt.a || r.Of(slot.B).State != tt.b {
			t.Errorf("%s: %+v", name, r)
		}
		if tt.a == slot.Trying && r.Reached != slot.Init {
			t.Errorf("%s: it has not reached the init: %+v", name, r)
		}
		said := strings.Join(b.Facts.Troubles(), "\n")
		if tt.said != "" && !strings.Contains(said, tt.said) || tt.not != "" && strings.Contains(said, tt.not) {
			t.Errorf("%s: above the prompt stands %q", name, said)
		}
	}
}

// A record of which no copy can be read is written anew: what runs proves itself, and what is whole beside it was good.
func TestDamagedRecord(t *testing.T) {
	for _, whole := range []bool{true, false} {
		b, older := newBox(t), image(t, "2026.47", nil, piece("x", 1<<20))
		if !whole {
			older[len(older)-1] ^= 1
		}
		b.put(t, "b", append(older, make([]byte, slotSize-len(older))...))
		b.put(t, "record", make([]byte, 1<<20))
		if _, err := b.settleRecord(); err != nil {
			t.Fatal(err)
		}
		want := map[bool]slot.State{true: slot.Good, false: slot.Bad}[whole]
		if r := b.record(t); r.Start != slot.A || r.Of(slot.A).State != slot.Trying || r.Of(slot.B).State != want {
			t.Errorf("whole %v: %+v", whole, r)
		}
		b.proves(t, passes)
		if b.prove(); b.record(t).Of(slot.A).State != slot.Good {
			t.Errorf("whole %v: after the proof %+v", whole, b.record(t))
		}
	}
	// One copy is enough, and the other is mended.
	b := newBox(t)
	f, err := os.OpenFile(b.on.record, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(make([]byte, slot.RecordSize), slot.RecordCopies[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := b.settleRecord(); err != nil {
		t.Fatal(err)
	}
	if r := b.record(t); r.Of(slot.A).State != slot.Good || r.Of(slot.B).State != slot.Empty {
		t.Errorf("%+v", r)
	}
}

// Commit and rollback are a person's.
func TestByHand(t *testing.T) {
	b := newBox(t)
	if err := b.answer(t.Context(), []string{"commit"}, ignore); err == nil {
		t.Error("there is nothing to commit")
	}
	if err := b.answer(t.Context(), []string{"rollback"}, ignore); err == nil {
		t.Error("there is nothing to go back to")
	}
	b.set(t, slot.Record{Start: slot.B, Slots: [2]slot.Slot{{State: slot.Trying, Version: "2026.48"}, {State: slot.Good, Version: "2026.47"}}, Tries: 2})
	if err := b.answer(t.Context(), []string{"commit"}, ignore); err != nil || b.record(t).Of(slot.A).State != slot.Good || b.record(t).Start != slot.A {
		t.Errorf("commit: %v, %+v", err, b.record(t))
	}
	if err := b.answer(t.Context(), []string{"rollback"}, ignore); err != nil || b.record(t).Of(slot.A).State != slot.Bad || b.record(t).Start != slot.B {
		t.Errorf("rollback: %v, %+v", err, b.record(t))
	}
	for _, args := range [][]string{{"commit", "x"}, {"dance"}, {"apply"}, {"check"}, {"apply", "--oldr"}, {"apply", "/a.update", "/b.update"}} {
		if err := b.answer(t.Context(), args, ignore); err == nil {
			t.Errorf("%v: accepted", args)
		}
	}
	if b.reboots > 0 {
		t.Error("it restarted")
	}
}
