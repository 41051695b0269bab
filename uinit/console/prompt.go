package console

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"
)

// patience are the times of a login. They are fields so that tests need not wait for them.
type patience struct {
	// refresh is how often the issue text is compared with what is on the terminal, while
	// nobody types. The pause doubles with each redrawing up to calm: a link that
	// comes and goes must not fill the log of whoever records the line.
	refresh, calm time.Duration
	// typing is how long a prompt that somebody has begun to answer waits for the rest; 0 is for ever,
	// for a password.
	typing time.Duration
	// failure is how long the first wrong password takes; the next take twice, three times … up to worst.
	failure, worst time.Duration
}

var usualPatience = patience{
	refresh: 2 * time.Second, calm: 5 * time.Minute,
	typing:  time.Minute,
	failure: 2 * time.Second, worst: 10 * time.Second,
}

// errAborted: the person pressed Ctrl-C, or Ctrl-D at the start.
var errAborted = errors.New("aborted")

// errTimeout: nobody finished the line.
var errTimeout = errors.New("timed out")

// prompter asks for lines on a terminal.
type prompter struct {
	io.Writer
	// readByte returns os.ErrDeadlineExceeded at the deadline; the zero time is none.
	readByte func(deadline time.Time) (byte, error)
	patience
}

// name draws the text that header returns and asks for a name below it, until somebody gives one. While
// nobody types, a header that changes is drawn again: an address that has just
// arrived is what a person on a serial cable waits for.
func (p prompter) name(header func() string, prompt string) (string, error) {
	pause := p.refresh
	for {
		shown := header()
		p.show("\n" + shown + prompt)
		var e editor
		drawn := time.Now()
		for {
			deadline := time.Now().Add(p.typing)
			if len(e.line) == 0 {
				deadline = time.Now().Add(p.refresh)
			}
			b, err := p.readByte(deadline)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				if len(e.line) > 0 {
					break
				}
				if time.Since(drawn) >= pause && header() != shown {
					pause = min(2*pause, p.calm)
					break
				}
				continue
			}
			if err != nil {
				return "", err
			}
			echo, s := e.feed(b)
			p.show(echo)
			if s == reprint {
				p.show("\n" + prompt + string(e.line))
			}
			if s == entered {
				if name := strings.TrimSpace(string(e.line)); name != "" {
					return name, nil
				}
			}
			if s == entered || s == aborted || s == ended {
				break
			}
		}
	}
}

// secret asks for a line that is not echoed. It returns errAborted or errTimeout, or what reading returned.
func (p prompter) secret(prompt string) ([]byte, error) {
	p.show(prompt)
	e := editor{hidden: true}
	var deadline time.Time
	if p.typing != 0 {
		deadline = time.Now().Add(p.typing)
	}
	for {
		b, err := p.readByte(deadline)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, errTimeout
		}
		if err != nil {
			return nil, err
		}
		echo, s := e.feed(b)
		p.show(echo)
		switch s {
		case entered:
			return e.line, nil
		case aborted, ended:
			return nil, errAborted
		case reprint:
			p.show("\n" + prompt)
		}
	}
}

// show ignores errors: a terminal that can't be written to can't be read either, and reading tells.
func (p prompter) show(s string) {
	if s != "" {
		_, _ = io.WriteString(p, s)
	}
}

// penalty is how long the nth failure in a row takes, from 1.
func (p patience) penalty(n int) time.Duration { return min(time.Duration(n)*p.failure, p.worst) }
