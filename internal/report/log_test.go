package report

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogRead(t *testing.T) {
	long := `{"kind":"fact","name":"long","value":"` + strings.Repeat("x", MaxLine) + `"}`
	log := NewLog()
	err := log.Read(strings.NewReader(strings.Join([]string{
		`{"kind":"hello","uptime":1}`,
		`{"kind":"unit","name":"link:lan","state":"running"}`,
		`[    1.0] e1000e: a kernel message`,
		``,
		`{"kind":"late","name":"link:lan","state":"late","message":"no carrier on lan"}`,
		long,
		`{"kind":"fact","name":"link.lan.mac","value":"52:54:00:12:34:56"}`,
		`{"kind":"fact","name":"link.lan.mac","value":"52:54:00:12:34:57"}`,
		`{"uptime":1}`,
		`{"kind":"telemetry from a newer guest"}`,
		`{"kind":"boot","state":"degraded","uptime":3.5}`,
		`{"kind":"done","state":"powe`, // cut short
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	s := log.State()
	if s.Hello == nil || s.Boot == nil || s.Boot.State != "degraded" || s.Done != nil || s.Ended {
		t.Errorf("hello %v, boot %v, done %v, ended %v", s.Hello, s.Boot, s.Done, s.Ended)
	}
	if len(s.Events) != 7 || s.Units["link:lan"].Message != "no carrier on lan" || s.Facts["link.lan.mac"].Value != "52:54:00:12:34:57" {
		t.Errorf("%d events, units %v, facts %v", len(s.Events), s.Units, s.Facts)
	}
	// The kernel's message, the one without a kind, the one cut short; the long
	// one counts for each piece it was read in.
	if s.Broken < 4 || s.Bad == nil {
		t.Errorf("%d lines broken, first: %v", s.Broken, s.Bad)
	}
	if err := log.Read(io.MultiReader(strings.NewReader("{}"), errReader{})); !errors.Is(err, errReading) {
		t.Errorf("Read = %v", err)
	}
}

var errReading = errors.New("reset by peer")

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errReading }

func TestLogUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := NewLog()
		booted := func(s *State) bool { return s.Boot != nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := log.Until(ctx, booted); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Until = %v", err)
		}
		go func() {
			log.Add(Event{Kind: KindUnit, Name: "a"})
			time.Sleep(time.Minute)
			log.Add(Event{Kind: KindBoot})
			log.End()
		}()
		if err := log.Until(t.Context(), booted); err != nil {
			t.Errorf("Until = %v", err)
		}
		synctest.Wait()
		if err := log.Until(t.Context(), booted); err != nil {
			t.Errorf("Until after the end, for what was there = %v", err)
		}
		if err := log.Until(t.Context(), func(s *State) bool { return s.Done != nil }); !errors.Is(err, ErrEnded) {
			t.Errorf("Until after the end = %v", err)
		}
		var kinds []Kind
		log.Follow(t.Context(), func(e Event) { kinds = append(kinds, e.Kind) })
		if !slices.Equal(kinds, []Kind{KindUnit, KindBoot}) {
			t.Errorf("Follow saw %v", kinds)
		}
	})
}

// Whatever comes down a serial line, a report is read to its end.
func FuzzLog(f *testing.F) {
	f.Add([]byte("{\"kind\":\"hello\"}\n[ 1.0] noise\n{\"kind\":\"fact\",\"name\":\"a\",\"value\":[1]}"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		log := NewLog()
		if err := log.Read(strings.NewReader(string(stream))); err != nil {
			t.Error(err)
		}
		s := log.State()
		if n := strings.Count(string(stream), "\n") + 1; len(s.Events)+s.Broken > n {
			t.Errorf("%d events and %d broken lines of %d", len(s.Events), s.Broken, n)
		}
	})
}
