package arp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// wire is a Conn that writes down what was sent when, and what a test puts on it.
type wire struct {
	start time.Time
	sent  []string
	heard chan Claim
}

func (w *wire) at(what string) error {
	w.sent = append(w.sent, fmt.Sprint(time.Since(w.start), " ", what))
	return nil
}
func (w *wire) Probe() error    { return w.at("probe") }
func (w *wire) Announce() error { return w.at("announce") }

func (w *wire) Hear(until time.Time) (Claim, error) {
	var up <-chan time.Time
	if !until.IsZero() {
		up = time.After(time.Until(until))
	}
	select {
	case c, open := <-w.heard:
		if !open {
			return Claim{}, os.ErrClosed
		}
		return c, nil
	case <-up:
		return Claim{}, os.ErrDeadlineExceeded
	}
}

var other = net.HardwareAddr{2, 0, 0, 0, 0, 9}

// An address is asked for, announced and defended, lost, and asked for again.
func TestGuard(t *testing.T) {
	says, asks := Claim{Who: other}, Claim{Who: other, Probe: true}
	type event struct {
		at   time.Duration
		what Claim
	}
	for name, tt := range map[string]struct {
		events         []event
		sent, verdicts []string
		end            time.Duration
	}{
		"free": {
			end:      time.Minute,
			sent:     []string{"0s probe", "30ms probe", "60ms probe", "90ms announce", "2.09s announce"},
			verdicts: []string{"90ms free"},
		},
		"answered": {
			events: []event{{time.Millisecond, says}, {2 * time.Millisecond, says}}, end: 30 * time.Second,
			sent: []string{"0s probe"}, verdicts: []string{"1ms taken by 02:00:00:00:00:09"},
		},
		"somebody else is about to take it": {
			events: []event{{50 * time.Millisecond, asks}}, end: 30 * time.Second,
			sent: []string{"0s probe", "30ms probe"}, verdicts: []string{"50ms taken by 02:00:00:00:00:09"},
		},
		"taken, and left a minute later": {
			events: []event{{time.Millisecond, says}, {30 * time.Second, says}}, end: 61 * time.Second,
			sent:     []string{"0s probe", "1m0.001s probe", "1m0.031s probe", "1m0.061s probe", "1m0.091s announce"},
			verdicts: []string{"1ms taken by 02:00:00:00:00:09", "1m0.091s free"},
		},
		"answered late, three times": {
			events: []event{{500 * time.Millisecond, says}, {530 * time.Millisecond, says}, {560 * time.Millisecond, says}}, end: 30 * time.Second,
			sent:     []string{"0s probe", "30ms probe", "60ms probe", "90ms announce", "500ms announce"},
			verdicts: []string{"90ms free", "500ms disputed by 02:00:00:00:00:09", "530ms taken by 02:00:00:00:00:09"},
		},
		"disputed now and then; a probe is the kernel's to answer": {
			events: []event{{10 * time.Second, says}, {12 * time.Second, asks}, {13 * time.Second, asks}, {21 * time.Second, says}}, end: 30 * time.Second,
			sent:     []string{"0s probe", "30ms probe", "60ms probe", "90ms announce", "2.09s announce", "10s announce", "21s announce"},
			verdicts: []string{"90ms free", "10s disputed by 02:00:00:00:00:09", "21s disputed by 02:00:00:00:00:09"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{start: time.Now(), heard: make(chan Claim, len(tt.events))}
				var verdicts []string
				done := make(chan error)
				go func() {
					done <- Guard(w, func(v Verdict, who net.HardwareAddr) {
						text := []string{"free", "disputed by ", "taken by "}[v]
						verdicts = append(verdicts, fmt.Sprint(time.Since(w.start), " ", text, who))
					})
				}()
				for _, e := range tt.events {
					time.Sleep(time.Until(w.start.Add(e.at))) // virtual time
					w.heard <- e.what
				}
				time.Sleep(time.Until(w.start.Add(tt.end)))
				synctest.Wait()
				close(w.heard)
				if err := <-done; !errors.Is(err, os.ErrClosed) {
					t.Errorf("it ended with %v", err)
				}
				if !slices.Equal(w.sent, tt.sent) {
					t.Errorf("sent\n%q, want\n%q", w.sent, tt.sent)
				}
				if !slices.Equal(verdicts, tt.verdicts) {
					t.Errorf("verdicts\n%q, want\n%q", verdicts, tt.verdicts)
				}
			})
		})
	}
}

// Packets as RFC 826 and RFC 5227 have them, and what others' say of an address.
func TestPackets(t *testing.T) {
	mine, his := netip.MustParseAddr("192.0.2.5"), netip.MustParseAddr("192.0.2.6")
	nobody := netip.IPv4Unspecified()
	reply := request(other, mine, his)
	reply[opAt+1] = 2
	replyOfNobody := request(other, nobody, mine)
	replyOfNobody[opAt+1] = 2
	for name, tt := range map[string]struct {
		packet []byte
		want   string
	}{
		"probe":                   {request(other, nobody, mine), "02:00:00:00:00:09 true"},
		"announcement":            {request(other, mine, mine), "02:00:00:00:00:09 false"},
		"a question of its owner": {request(other, mine, his), "02:00:00:00:00:09 false"},
		"an answer":               {reply, "02:00:00:00:00:09 false"},
		"padded":                  {append(request(other, mine, mine), make([]byte, 18)...), "02:00:00:00:00:09 false"},
		"a question for it":       {request(other, his, mine), "none"},
		"a probe for another":     {request(other, nobody, his), "none"},
		"an answer of nobody":     {replyOfNobody, "none"},
		"cut short":               {request(other, mine, mine)[:27], "none"},
		"not of Ethernet":         {append([]byte{0, 6}, request(other, mine, mine)[2:]...), "none"},
	} {
		got := "none"
		if c, ok := claims(tt.packet, mine); ok {
			got = fmt.Sprint(c.Who, " ", c.Probe)
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	want := []byte{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 5}
	if got := request(other, nobody, mine); !slices.Equal(got, want) {
		t.Errorf("a probe is % x, want % x", got, want)
	}
}

// Whatever a neighbour sends, a claim is of this address, and has somebody's name to it.
func FuzzClaims(f *testing.F) {
	mine := netip.MustParseAddr("192.0.2.20")
	f.Add(request(other, mine, mine))
	f.Add(request(other, netip.IPv4Unspecified(), mine))
	f.Add(request(other, mine, mine)[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		c, claimed := claims(b, mine)
		if claimed != (len(c.Who) == 6) || c.Probe && !claimed {
			t.Errorf("%+v, %t", c, claimed)
		}
		if _, claimed := claims(b, netip.IPv6Unspecified()); claimed {
			t.Error("an IPv6 address is claimed")
		}
	})
}
