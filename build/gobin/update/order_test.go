package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestOrders(t *testing.T) {
	long := strings.Repeat("x", maxLine-len("get 0 0 \n"))
	for line, want := range map[string]string{
		"dns\n":                         "",
		"dns 192.0.2.1\n":               "192.0.2.1:53",
		"dns 192.0.2.1,fe80::1%lan\n":   "192.0.2.1:53 [fe80::1%lan]:53",
		"get 0 0 http://x/\n":           "0 0 http://x/",
		"get 5 7 x\n":                   "5 7 x",
		"get 0 0 " + long + "\n":        "0 0 " + long,
		"get 0 9223372036854775807 x\n": "0 9223372036854775807 x",
		"get 1 9223372036854775807 x\n": "bad",
		"get 9223372036854775808 0 x\n": "bad",
		"get 0 0 " + long + "x\n":       "bad",
		"get 0 0\n":                     "bad",
		"get 0 0 \n":                    "bad",
		"get 0 0 a b\n":                 "bad",
		"get -1 0 x\n":                  "bad",
		"get +1 0 x\n":                  "bad",
		"get 0x1 0 x\n":                 "bad",
		"get  0 0 x\n":                  "bad",
		"get 0 0 \u00e9\n":              "bad",
		"get 0 0 x\r\n":                 "bad",
		"dns \n":                        "bad",
		"dns 192.0.2.1,\n":              "bad",
		"dns x\n":                       "bad",
		"dns 192.0.2.1 192.0.2.2\n":     "bad",
		"DNS\n":                         "bad",
		"\n":                            "bad",
		"get 0 0 x":                     "bad",
		strings.Repeat("y", 10*maxLine): "bad",
		strings.Repeat("y", maxLine-1):  "bad",
		"get 0 0 http://x/\x1b[31m\n":   "bad",
	} {
		text, err := readLine(bufio.NewReaderSize(strings.NewReader(line), maxLine))
		var o order
		if err == nil {
			o, err = parseOrder(text)
		}
		if want == "bad" {
			if !errors.Is(err, errProtocol) || !reflect.DeepEqual(o, order{}) {
				t.Errorf("%.60q: %v, %v", line, o, err)
			}
			continue
		}
		if got := o.String(); err != nil || got != want {
			t.Errorf("%.60q: %q, %v; want %q", line, got, err, want)
		}
	}
	if _, err := readLine(bufio.NewReaderSize(strings.NewReader(""), maxLine)); !errors.Is(err, io.EOF) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestContentRange(t *testing.T) {
	for text, want := range map[string]part{
		"bytes 0-99/1000":               {0, 100, 1000},
		"Bytes 5-5/6":                   {5, 6, 6},
		"bytes 0-99/*":                  {0, 100, -1},
		"bytes */1000":                  {-1, -1, 1000},
		"bytes */0":                     {-1, -1, 0},
		"bytes 5-4/6":                   {},
		"bytes 5-6/6":                   {},
		"bytes -5/6":                    {},
		"bytes 5-/6":                    {},
		"bytes */*":                     {},
		"bytes 0-99":                    {},
		"lines 0-99/1000":               {},
		"bytes=0-99/1000":               {},
		"bytes 0-+9/1000":               {},
		"bytes 0-9/0x1000":              {},
		"":                              {},
		"bytes 0-9223372036854775807/*": {},
	} {
		got, err := parseContentRange(text)
		if got != want || (err != nil) != (want == part{}) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

// Pauses double to a bound, are never less than what a server asks for, and not all the same.
func TestPauses(t *testing.T) {
	p := usual
	for _, tt := range []struct {
		fruitless   int
		asked       time.Duration
		least, most time.Duration
	}{
		{0, 0, 500 * time.Millisecond, 1500 * time.Millisecond},
		{1, 0, 500 * time.Millisecond, 1500 * time.Millisecond},
		{2, 0, time.Second, 3 * time.Second},
		{6, 0, 16 * time.Second, 48 * time.Second},
		{7, 0, 30 * time.Second, 90 * time.Second},
		{1000, 0, 30 * time.Second, 90 * time.Second},
		{1, 20 * time.Second, 20 * time.Second, 25 * time.Second},
		{1, time.Hour, 10 * time.Minute, 750 * time.Second},
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			got := p.pause(tt.fruitless, tt.asked)
			seen[got] = true
			if got < tt.least || got > tt.most {
				t.Errorf("after %d, asked for %v: %v; want %v to %v", tt.fruitless, tt.asked, got, tt.least, tt.most)
			}
		}
		if len(seen) < 50 {
			t.Errorf("after %d: only %d pauses", tt.fruitless, len(seen))
		}
	}
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		after, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"120", "", 2 * time.Minute},
		{"-1", "", 0},
		{"99999999999999999999", "", 0},
		{"soon", "", 0},
		{"Sun, 29 Nov 2026 12:01:00 GMT", "", time.Minute},
		{"Sun, 29 Nov 2026 11:59:00 GMT", "", 0},
		{"Wed, 01 Jan 2020 00:00:30 GMT", "Wed, 01 Jan 2020 00:00:00 GMT", 30 * time.Second}, // by the server's clock
	} {
		h := http.Header{"Retry-After": {tt.after}, "Date": {tt.date}}
		if got := retryAfter(h, now); got != tt.want {
			t.Errorf("%q at %q: %v, want %v", tt.after, tt.date, got, tt.want)
		}
	}
}

func TestTextsAreLines(t *testing.T) {
	for text, want := range map[string]string{"a b~": "a b~", "a\nb\x1b\u00e9\x7f": "a?b????", strings.Repeat("x", 300): strings.Repeat("x", 197) + "..."} {
		if got := bounded(text, maxWait); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// String is an order as a test compares it.
func (o order) String() string {
	if o.url != "" {
		return fmt.Sprintf("%d %d %s", o.offset, o.length, o.url)
	}
	var words []string
	for _, s := range o.servers {
		words = append(words, s.String())
	}
	return strings.Join(words, " ")
}
