package clock

import (
	"context"
	"fmt"
	"net"
	"reflect"
	"slices"
	"testing"
	"time"
)

var built = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// local is what our clock says in these tests.
var local = built.AddDate(0, 6, 0)

// from is an answer of a server whose clock is so much ahead of ours.
func from(name string, ahead time.Duration, change ...func(*Sample)) Sample {
	s := Sample{Server: name, Time: local.Add(ahead), Offset: ahead, Delay: 20 * time.Millisecond, Stratum: 2}
	for _, c := range change {
		c(&s)
	}
	return s
}

var in2000 = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Sub(local)

const ms = time.Millisecond

func TestDecide(t *testing.T) {
	early := "says 2000-01-01, before this image was built (2026-11-01)"
	for _, c := range []struct {
		name       string
		configured int
		running    bool // not first
		samples    []Sample
		want       Decision // Uncertainty is checked elsewhere
	}{
		{
			name: "four good and one in 2000", configured: 5,
			samples: []Sample{from("a", 3*ms), from("b", in2000), from("c", 4*ms), from("d", 5*ms), from("e", 4*ms)},
			want: Decision{Action: Slew, Offset: 4 * ms, Stratum: 2, Chosen: []string{"a", "c", "d", "e"},
				Rejected: []Rejection{{"b", early}}},
		},
		{
			name: "three in 2000 and two good", configured: 5,
			samples: []Sample{from("a", in2000), from("b", in2000), from("c", 4*ms), from("d", 4*ms), from("e", in2000)},
			want: Decision{Action: None, Reason: "2 of 5 servers agree; 3 are needed",
				Rejected: []Rejection{{"a", early}, {"b", early}, {"e", early}}},
		},
		{
			name: "two good, two dead, one in 2000", configured: 5,
			samples: []Sample{from("a", 4*ms), from("d", 4*ms), from("e", in2000)},
			want:    Decision{Action: None, Reason: "2 of 5 servers agree; 3 are needed", Rejected: []Rejection{{"e", early}}},
		},
		{
			name: "four an hour ahead at boot", configured: 4,
			samples: []Sample{from("a", time.Hour), from("b", time.Hour), from("c", time.Hour), from("d", time.Hour)},
			want:    Decision{Action: Step, Offset: time.Hour, Stratum: 2, Chosen: []string{"a", "b", "c", "d"}},
		},
		{
			name: "four an hour ahead later", configured: 4, running: true,
			samples: []Sample{from("a", time.Hour), from("b", time.Hour), from("c", time.Hour), from("d", time.Hour)},
			want: Decision{Action: None, Offset: time.Hour, Stratum: 2, Chosen: []string{"a", "b", "c", "d"}, Panicked: true,
				Reason: "the servers agree on an offset of 3600.000 s, more than 1000.000 s: not believed"},
		},
		{
			name: "ten seconds later", configured: 1, running: true,
			samples: []Sample{from("a", -10*time.Second)},
			want:    Decision{Action: Slew, Offset: -10 * time.Second, Stratum: 2, Chosen: []string{"a"}},
		},
		{
			name: "an hour off and one right by luck", configured: 3,
			samples: []Sample{from("a", time.Hour), from("b", 0), from("c", time.Hour)},
			want: Decision{Action: Step, Offset: time.Hour, Stratum: 2, Chosen: []string{"a", "c"},
				Rejected: []Rejection{{"b", "off by -3600.000 s from those that agree"}}},
		},
		{
			name: "two that disagree", configured: 2,
			samples: []Sample{from("a", time.Hour), from("b", 0)},
			want:    Decision{Action: None, Reason: "0 of 2 servers agree; 2 are needed"},
		},
		{
			name: "one of one", configured: 1,
			samples: []Sample{from("a", 50*ms)},
			want:    Decision{Action: Slew, Offset: 50 * ms, Stratum: 2, Chosen: []string{"a"}},
		},
		{
			name: "nobody", configured: 3,
			want: Decision{Action: None, Reason: "0 of 3 servers agree; 2 are needed"},
		},
		{
			name: "a closer server weighs more and comes first", configured: 2,
			samples: []Sample{from("far", 40*ms, func(s *Sample) { s.Delay = 80 * ms }), from("near", 0)},
			want:    Decision{Action: Slew, Offset: 8 * ms, Stratum: 2, Chosen: []string{"near", "far"}},
		},
		{
			name: "stratum counts before distance", configured: 2,
			samples: []Sample{from("near", 0, func(s *Sample) { s.Stratum = 3 }), from("far", 0, func(s *Sample) { s.Delay, s.Stratum = 80*ms, 1 })},
			want:    Decision{Action: Slew, Stratum: 1, Chosen: []string{"far", "near"}},
		},
		{
			name: "servers that don't know themselves", configured: 3,
			samples: []Sample{
				from("a", 0, func(s *Sample) { s.Leap = LeapUnsync }),
				from("b", 0, func(s *Sample) { s.Stratum = 16 }),
				from("c", 0, func(s *Sample) { s.RootDispersion = 2 * time.Second }),
			},
			want: Decision{Action: None, Reason: "0 of 3 servers agree; 2 are needed", Rejected: []Rejection{
				{"a", "its own clock is not set"}, {"b", "its own clock is not set"}, {"c", "may be off by 2.010 s, more than 1.500 s"}}},
		},
		{
			name: "beyond the life of the image", configured: 1,
			samples: []Sample{from("a", 0, func(s *Sample) { s.Time = built.AddDate(64, 0, 0) })},
			want: Decision{Action: None, Reason: "0 of 1 servers agree; 1 are needed",
				Rejected: []Rejection{{"a", "says 2090-11-01, beyond what is credible (2056-11-01)"}}},
		},
		{
			name: "a leap second that most announce", configured: 3,
			samples: []Sample{
				from("a", 0, func(s *Sample) { s.Leap = LeapInsert }), from("b", 0, func(s *Sample) { s.Leap = LeapInsert }), from("c", 0)},
			want: Decision{Action: Slew, Stratum: 2, Leap: LeapInsert, Chosen: []string{"a", "b", "c"}},
		},
		{
			name: "a leap second that one announces", configured: 3,
			samples: []Sample{from("a", 0, func(s *Sample) { s.Leap = LeapInsert }), from("b", 0), from("c", 0)},
			want:    Decision{Action: Slew, Stratum: 2, Chosen: []string{"a", "b", "c"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Policy{Configured: c.configured, Floor: built, Ceiling: built.AddDate(30, 0, 0), Panic: 1000 * time.Second}
			got := Decide(p, !c.running, c.samples)
			got.Uncertainty = 0
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			// The order of the answers is chance.
			slices.Reverse(c.samples)
			again := Decide(p, !c.running, c.samples)
			again.Uncertainty = 0
			slices.Sort(again.Chosen)
			slices.Sort(got.Chosen)
			if again.Action != got.Action || (again.Offset-got.Offset).Abs() > time.Microsecond || !slices.Equal(again.Chosen, got.Chosen) {
				t.Errorf("in another order: %+v", again)
			}
		})
	}
}

// TestAgree has the cases that make the intersection more than a count of overlaps.
func TestAgree(t *testing.T) {
	wide := func(s *Sample) { s.Delay = 100 * ms } // ± 50 ms; otherwise ± 10
	for _, c := range []struct {
		name    string
		samples []Sample
		want    []string
	}{
		{"none", nil, nil},
		{"touching", []Sample{from("a", 0), from("b", 20*ms)}, []string{"a", "b"}},
		{"not touching", []Sample{from("a", 0), from("b", 20*ms+1)}, nil},
		{"a chain where only neighbours agree", []Sample{from("a", 0), from("b", 18*ms), from("c", 36*ms)}, []string{"a", "b", "c"}},
		{"one precise, two vague around it", []Sample{from("a", 0), from("b", 30*ms, wide), from("c", -30*ms, wide)}, []string{"a", "b", "c"}},
		{"two camps of the same size", []Sample{from("a", 0), from("b", 0), from("c", time.Hour), from("d", time.Hour)}, nil},
		{"three against two", []Sample{from("a", 0), from("b", 0), from("c", 0), from("d", time.Hour), from("e", time.Hour)}, []string{"a", "b", "c"}},
		{"seven, three astray on both sides", []Sample{from("a", 0), from("b", 1*ms), from("c", 2*ms), from("d", 3*ms),
			from("e", -time.Hour), from("f", time.Hour), from("g", 2*time.Hour)}, []string{"a", "b", "c", "d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := agree(c.samples)
			var got []string
			for _, s := range a.inside {
				got = append(got, s.Server)
			}
			if len(got) > 0 && (a.offset() < a.low || a.offset() > a.high || a.low > a.high) {
				t.Errorf("offset %v outside of %v to %v", a.offset(), a.low, a.high)
			}
			if !slices.Equal(got, c.want) || len(a.inside)+len(a.outside) != len(c.samples) {
				t.Errorf("got %v of %d, want %v", got, len(a.inside)+len(a.outside), c.want)
			}
		})
	}
}

func TestNextPoll(t *testing.T) {
	const shortest, longest = 64 * time.Second, 1024 * time.Second
	for _, c := range []struct {
		name   string
		last   time.Duration
		d      Decision
		synced bool
		want   time.Duration
	}{
		{"first failure at boot", 0, Decision{Action: None}, false, 2 * time.Second},
		{"next failure", 2 * time.Second, Decision{Action: None}, false, 4 * time.Second},
		{"many failures", 900 * time.Second, Decision{Action: None}, false, longest},
		{"servers gone later", 64 * time.Second, Decision{Action: None}, true, 128 * time.Second},
		{"stepped", 8 * time.Second, Decision{Action: Step, Offset: time.Hour}, true, shortest},
		{"right", 64 * time.Second, Decision{Action: Slew, Offset: ms}, true, 128 * time.Second},
		{"right for long", longest, Decision{Action: Slew}, true, longest},
		{"a little off", 256 * time.Second, Decision{Action: Slew, Offset: 20 * ms}, true, 256 * time.Second},
		{"far off", 256 * time.Second, Decision{Action: Slew, Offset: -time.Second}, true, shortest},
		{"first time, right", 0, Decision{Action: Slew}, true, shortest},
	} {
		if got := nextPoll(c.last, c.d, c.synced, shortest, longest); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Servers that the same thing befell are told together: who has no name server has one fault and not four.
func TestTell(t *testing.T) {
	lookup := func(port string) error {
		return fmt.Errorf("resolving: %w", &net.DNSError{Err: "read udp 10.0.0.2:" + port + "->10.0.0.1:53: i/o timeout", Name: port, Server: "10.0.0.1:53"})
	}
	rejected := []Rejection{{"a", reason(lookup("4001"))}, {"b", "off by 3 s"}, {"c", reason(lookup("4002"))}, {"d", reason(context.DeadlineExceeded)}, {"e", reason(errNoAddress)}, {"f", reason(lookup("4003"))}}
	want := []string{"a, c, f: resolving: i/o timeout", "b: off by 3 s", "d: no answer within 4s", "e: it has no address that may be asked"}
	if got := Tell(rejected); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Tell(nil); len(got) != 0 {
		t.Errorf("of nobody it tells %q", got)
	}
}
