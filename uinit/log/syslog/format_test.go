package syslog

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var booted = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func testFormat(limit int) Format {
	return Format{Host: "box", Wall: func(at time.Duration) time.Time { return booted.Add(at) }, Limit: limit}
}

func TestMessage(t *testing.T) {
	f := testFormat(limitStream)
	synced := f
	synced.Synced = func() bool { return true }
	odd := f
	odd.Host = "b ö x"
	for _, c := range []struct {
		name   string
		f      Format
		r      Record
		number uint64
		want   string
	}{
		{"kernel", f, Record{At: 1500 * time.Millisecond, Severity: 6, Program: "kernel", Message: "Linux"}, 1,
			`<6>1 2026-11-01T12:00:01.500000Z box kernel - - [timeQuality tzKnown="1" isSynced="0"][meta sequenceId="1"] Linux`},
		{"service", synced, Record{Facility: 3, Severity: 3, Program: "probe", PID: 12, Message: "no"}, 2,
			`<27>1 2026-11-01T12:00:00.000000Z box probe 12 - [timeQuality tzKnown="1" isSynced="1"][meta sequenceId="2"] no`},
		{"not ascii", f, Record{Facility: 3, Severity: 6, Program: "probe", Message: "größer"}, 3,
			`<30>1 2026-11-01T12:00:00.000000Z box probe - - [timeQuality tzKnown="1" isSynced="0"][meta sequenceId="3"] ` + "\ufeffgrößer"},
		{"data", f, Record{Severity: 6, Program: "packets", Message: "wire", Data: Element{"packet@32473", []Param{{"rule", `a "b" [c] \ d` + "\n"}, {"src", "2001:db8::1"}}}}, 4,
			`<6>1 2026-11-01T12:00:00.000000Z box packets - - [timeQuality tzKnown="1" isSynced="0"]` +
				`[packet@32473 rule="a \"b\" [c\] \\ d" src="2001:db8::1"][meta sequenceId="4"] wire`},
		{"odd names and no message", odd, Record{Program: "", Message: "\n"}, 1 << 31,
			`<0>1 2026-11-01T12:00:00.000000Z b___x - - - [timeQuality tzKnown="1" isSynced="0"][meta sequenceId="1"] `},
	} {
		if got := string(c.f.Message(c.r, c.number)); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
	if got := f.Message(Record{}, 1<<31-1); !bytes.Contains(got, []byte(`sequenceId="2147483647"`)) {
		t.Errorf("last number: %s", got)
	}
	for _, text := range []string{strings.Repeat("x", 5000), strings.Repeat("ä", 5000)} {
		got := testFormat(limitUDP).Message(Record{Program: "probe", Message: text}, 1)
		if len(got) > limitUDP || len(got) < limitUDP-10 || !utf8.Valid(got) {
			t.Errorf("%d bytes, want at most %d", len(got), limitUDP)
		}
	}
}

func TestFrames(t *testing.T) {
	messages := [][]byte{[]byte("a"), []byte("with\nnewline and 3 digits"), bytes.Repeat([]byte("x"), 1000)}
	var body []byte
	for _, m := range messages {
		body = append(body, frame(m)...)
	}
	if got := unframe(body); !reflect.DeepEqual(got, messages) {
		t.Errorf("got %q", got)
	}
	if got := unframe(body[:len(body)-1]); len(got) != 2 {
		t.Errorf("a torn end: %d messages, want 2", len(got))
	}
}

func FuzzUnframe(f *testing.F) {
	f.Add([]byte("1 a2 bc"))
	f.Add([]byte("999999999999 a"))
	f.Fuzz(func(t *testing.T, body []byte) {
		total := 0
		for _, m := range unframe(body) {
			total += len(m) + 2
		}
		if total > len(body) {
			t.Errorf("%d bytes from %d", total, len(body))
		}
	})
}
