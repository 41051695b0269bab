package clock

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"
)

// reply is a server's answer as bytes.
func reply(cookie uint64, received, left time.Time, change ...func([]byte)) []byte {
	b := make([]byte, packetSize)
	b[0] = 4<<3 | modeServer
	b[1] = 2
	binary.BigEndian.PutUint32(b[4:], 1<<16/100) // 10 ms
	binary.BigEndian.PutUint32(b[8:], 1<<16/50)  // 20 ms
	copy(b[12:], []byte{192, 0, 2, 99})
	binary.BigEndian.PutUint64(b[24:], cookie)
	binary.BigEndian.PutUint64(b[32:], wireTime(received))
	binary.BigEndian.PutUint64(b[40:], wireTime(left))
	for _, c := range change {
		c(b)
	}
	return b
}

func at(offset int, value byte) func([]byte) { return func(b []byte) { b[offset] = value } }

func TestReplies(t *testing.T) {
	when := built.AddDate(1, 0, 0)
	for _, c := range []struct {
		name string
		b    []byte
		want error
		kiss string
	}{
		{"good", reply(7, when, when), nil, ""},
		{"with a signature", append(reply(7, when, when), make([]byte, 20)...), nil, ""},
		{"version 3", reply(7, when, when, at(0, 3<<3|modeServer)), nil, ""},
		{"short", reply(7, when, when)[:47], errNoReply, ""},
		{"empty", nil, errNoReply, ""},
		{"our own question", request(7), errNoReply, ""},
		{"broadcast", reply(7, when, when, at(0, 4<<3|5)), errNoReply, ""},
		{"version 7", reply(7, when, when, at(0, 7<<3|modeServer)), errNoReply, ""},
		{"forged", reply(8, when, when), errStray, ""},
		{"no time", reply(7, when, when, func(b []byte) { clear(b[40:48]) }), errNoReply, ""},
		{"rate", reply(7, when, when, at(1, 0), func(b []byte) { copy(b[12:], "RATE") }), nil, "RATE"},
		{"kiss of noise", reply(7, when, when, at(1, 0), func(b []byte) { copy(b[12:], "\x00\xff\n ") }), nil, "??? "},
		{"forged kiss", reply(8, when, when, at(1, 0), func(b []byte) { copy(b[12:], "DENY") }), errStray, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := parsePacket(c.b)
			if err == nil {
				err = h.check(7)
			}
			var kiss *KissError
			if errors.As(err, &kiss) {
				if kiss.Code != c.kiss {
					t.Errorf("kiss %q, want %q", kiss.Code, c.kiss)
				}
			} else if c.kiss != "" || !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v %s", err, c.want, c.kiss)
			}
		})
	}
}

func TestEras(t *testing.T) {
	for _, c := range []struct{ pivot, when string }{
		{"2026-11-01T00:00:00Z", "2026-11-02T03:04:05.5Z"},
		{"2026-11-01T00:00:00Z", "2000-01-01T00:00:00Z"}, // must not become 2136
		{"2026-11-01T00:00:00Z", "1970-01-01T00:00:00Z"},
		{"2026-11-01T00:00:00Z", "2036-02-07T06:28:15.75Z"}, // last second of era 0
		{"2026-11-01T00:00:00Z", "2036-02-07T06:28:16Z"},    // first of era 1
		{"2026-11-01T00:00:00Z", "2090-05-06T07:08:09Z"},
		{"2040-01-01T00:00:00Z", "2030-01-01T00:00:00Z"},
	} {
		pivot, when := parse(t, c.pivot), parse(t, c.when)
		if got := timeOf(wireTime(when), pivot); !got.Equal(when) {
			t.Errorf("%s seen from %s: got %s", c.when, c.pivot, got.UTC())
		}
	}
}

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNewSample(t *testing.T) {
	// Our clock is 56 years behind; 30 ms there, 10 ms at the server, 50 ms back.
	sent := time.Unix(1000, 0)
	truth := built.AddDate(0, 1, 0)
	off := truth.Sub(sent)
	h, err := parsePacket(reply(7, truth.Add(30*time.Millisecond), truth.Add(40*time.Millisecond)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSample(h, sent, sent.Add(90*time.Millisecond), built)
	if err != nil {
		t.Fatal(err)
	}
	near := func(a, b time.Duration) bool { return (a - b).Abs() < time.Microsecond }
	if !near(s.Offset, off-10*time.Millisecond) || !near(s.Delay, 80*time.Millisecond) {
		t.Errorf("offset %v, delay %v", s.Offset-off, s.Delay)
	}
	if d := s.Distance(); (d - 65*time.Millisecond).Abs() > 100*time.Microsecond {
		t.Errorf("distance %v, want 65 ms", d)
	}
	for _, held := range []time.Duration{-time.Second, 20 * 365 * 24 * time.Hour} {
		h, err = parsePacket(reply(7, truth, truth.Add(held)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newSample(h, sent, sent.Add(90*time.Millisecond), built); !errors.Is(err, errImpossible) {
			t.Errorf("held for %v: got %v, want %v", held, err, errImpossible)
		}
	}
}

func FuzzPacket(f *testing.F) {
	f.Add(reply(7, built, built), uint64(7))
	f.Add(reply(7, built, built, at(1, 0)), uint64(7))
	f.Add(make([]byte, packetSize), uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, cookie uint64) {
		h, err := parsePacket(b)
		if err != nil || h.check(cookie) != nil {
			return
		}
		s, err := newSample(h, built, built.Add(time.Second), built)
		if err != nil {
			return
		}
		s.Server = "fuzz"
		if s.Delay < 0 || s.Distance() < minDistance {
			t.Errorf("delay %v, distance %v", s.Delay, s.Distance())
		}
		d := Decide(Policy{Configured: 1, Floor: built, Ceiling: built.AddDate(30, 0, 0)}, true, []Sample{s})
		// Whatever the bytes, the clock never goes before the build.
		if d.Action != None && built.Add(d.Offset).Before(built.Add(-time.Minute)) {
			t.Errorf("%s by %v", d.Action, d.Offset)
		}
	})
}

// wireTime is the reverse of timeOf.
func wireTime(t time.Time) uint64 {
	return uint64(uint32(t.Unix()-ntpEpoch))<<32 | (uint64(t.Nanosecond())<<32+uint64(time.Second)/2)/uint64(time.Second)
}
