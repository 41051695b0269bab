package syslog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRingForgetsTheOldest(t *testing.T) {
	r := NewRing(10 * (overhead + 1))
	for range 25 {
		r.Add(Record{Message: "x"})
	}
	got, missed := r.Since(0)
	if len(got) != 10 || got[0].Seq != 16 || got[9].Seq != 25 || missed != 15 {
		t.Errorf("%d records from %d to %d, %d missed", len(got), got[0].Seq, got[len(got)-1].Seq, missed)
	}
	got, missed = r.Since(20)
	if len(got) != 5 || got[0].Seq != 21 || missed != 0 {
		t.Errorf("after 20: %d records from %d, %d missed", len(got), got[0].Seq, missed)
	}
	for _, seq := range []uint64{25, 26, 1 << 40} {
		if got, missed = r.Since(seq); len(got) != 0 || missed != 0 {
			t.Errorf("after %d: %d records, %d missed", seq, len(got), missed)
		}
	}
	// One that is larger than everything replaces everything.
	r.Add(Record{Message: strings.Repeat("y", 5000)})
	if got, missed = r.Since(0); len(got) != 1 || missed != 25 {
		t.Errorf("after a large one: %d records, %d missed", len(got), missed)
	}
}

func TestRingNext(t *testing.T) {
	r := NewRing(1 << 20)
	const n = 1000
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			seen := uint64(0)
			for seen < n {
				records, missed, err := r.Next(t.Context(), seen)
				if err != nil || missed != 0 || records[0].Seq != seen+1 {
					t.Errorf("after %d: %v, %d missed", seen, err, missed)
					return
				}
				seen = records[len(records)-1].Seq
			}
		})
	}
	for range n {
		r.Add(Record{Message: "x"})
	}
	wg.Wait()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("shutting down")
	cancel(stop)
	if _, _, err := r.Next(ctx, n); !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain\r\n":             "plain",
		"two\nlines":            "two lines",
		"tab\tkept":             "tab\tkept",
		"\x1b[31mred":           " [31mred",
		"bro\xffken":            "bro\ufffdken",
		"del\x7f\u0085x":        "del  x",
		"0123456789abcde":       "0123456789abcde",
		"0123456789abcdef":      "0123456789abcdef",
		"0123456789abcdefg":     "0123456789abc...",
		"0123456789abäääääääää": "0123456789ab...",
	} {
		if got := clean(in, 16); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// What is said goes into the ring as it is; what the kernel gives back of it does not go there twice.
func TestWhatTheRingHears(t *testing.T) {
	uptime := func() time.Duration {
		text, err := os.ReadFile("/proc/uptime")
		if err != nil {
			t.Fatal(err)
		}
		s, err := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(s * float64(time.Second))
	}
	r, before := NewRing(1<<20), uptime()
	r.Say("probe", "hello")
	after := uptime() + 20*time.Millisecond // of which the file shows hundredths
	r.heard(Record{Facility: Echo, Message: "hello"})
	r.heard(Record{Facility: Daemon, Message: "from there"})
	records, _ := r.Since(0)
	if len(records) != 2 || records[1].Message != "from there" {
		t.Fatalf("%+v", records)
	}
	if got := records[0]; got.At < before || got.At > after || got.Program != "probe" || got.Message != "hello" || got.Facility != Daemon || got.Severity != Info {
		t.Errorf("%+v, between %v and %v", got, before, after)
	}
	file := filepath.Join(t.TempDir(), "kmsg")
	if err := os.WriteFile(file, []byte("6,1,2,-;one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := ReadKernel(t.Context(), file, func(Record) { n++ }); err != nil || n != 1 {
		t.Errorf("%d records, %v", n, err)
	}
	if err := ReadKernel(t.Context(), filepath.Dir(file), func(Record) {}); err == nil {
		t.Error("a folder is no log")
	}
	plain, with := Record{Program: "p", Message: "message"}, Record{Program: "p", Message: "message", Data: Element{ID: "x", Params: []Param{{"name", "value"}, {"n", "v"}}}}
	if plain.size() != 104 || with.size() != 104+32+9+32+2 {
		t.Errorf("%d and %d bytes", plain.size(), with.size())
	}
}
