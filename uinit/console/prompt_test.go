package console

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// typist presses keys at given moments after the start; nothing else happens.
type typist struct {
	start time.Time
	keys  []press
}

type press struct {
	after time.Duration
	key   byte
}

func (p *typist) readByte(deadline time.Time) (byte, error) {
	if len(p.keys) == 0 && deadline.IsZero() {
		return 0, io.EOF
	}
	next := deadline
	if len(p.keys) > 0 {
		next = p.start.Add(p.keys[0].after)
	}
	if !deadline.IsZero() && next.After(deadline) || len(p.keys) == 0 {
		time.Sleep(time.Until(deadline))
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(time.Until(next))
	key := p.keys[0].key
	p.keys = p.keys[1:]
	return key, nil
}

func TestNameRedraws(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		who := &typist{start, []press{{5 * time.Second, 'a'}, {90 * time.Second, 'b'}, {100 * time.Second, '\r'}}}
		var out strings.Builder
		p := prompter{&out, who.readByte, usualPatience}
		header := func() string {
			switch at := time.Since(start); {
			case at < 3*time.Second:
				return "no address\n"
			case at < 6*time.Second:
				return "10.0.2.15\n"
			}
			return "2001:db8::15\n"
		}
		name, err := p.name(header, "login: ")
		// "a" was left alone for a minute and forgotten; the screen changed only when nobody was typing.
		if name != "b" || err != nil {
			t.Errorf("name %q, %v; want b", name, err)
		}
		want := "\nno address\nlogin: " + "\n10.0.2.15\nlogin: a" + "\n2001:db8::15\nlogin: b\n"
		if out.String() != want {
			t.Errorf("the terminal shows %q, want %q", out.String(), want)
		}
	})
}

// A link that comes and goes for a day must not fill whoever's log of the line.
func TestNameRedrawsLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		who := &typist{start, []press{{24 * time.Hour, 'a'}, {24 * time.Hour, '\r'}}}
		var out strings.Builder
		p := prompter{&out, who.readByte, usualPatience}
		drawn := 0
		_, _ = p.name(func() string { drawn++; return time.Now().String() }, "login: ")
		if n := strings.Count(out.String(), "login: "); n > 24*60/5+20 {
			t.Errorf("drawn %d times in a day", n)
		}
	})
}

func TestSecretTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		who := &typist{start, []press{{30 * time.Second, 's'}}}
		p := prompter{io.Discard, who.readByte, usualPatience}
		if _, err := p.secret("Password: "); !errors.Is(err, errTimeout) || time.Since(start) != time.Minute {
			t.Errorf("%v after %v, want a time-out after a minute", err, time.Since(start))
		}
	})
}
