package qemu

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
)

// keep bounds a console's transcript in bytes; a guest that prints without end
// must not fill the host's memory.
const keep = 4 << 20

// Console is a serial line of the guest. Everything the guest prints is kept, as
// text: without carriage returns and terminal control sequences. It is safe for
// concurrent use.
type Console struct {
	name  string
	start time.Time
	line  io.ReadWriteCloser

	sending sync.Mutex

	mu      sync.Mutex
	clean   cleaner
	text    []byte
	base    int // offset of text[0] in all that was printed
	pos     int // where Expect goes on
	times   []stamp
	ended   bool
	changed chan struct{}
	done    chan struct{}
	tees    map[*tee]bool
}

// stamp says when the line that begins at an offset began.
type stamp struct {
	offset int
	at     time.Duration
}

type tee struct{ w io.Writer }

// NewConsole reads the line until it ends. Times count from start.
func NewConsole(name string, line io.ReadWriteCloser, start time.Time) *Console {
	c := &Console{name: name, line: line, start: start, changed: make(chan struct{}), done: make(chan struct{}), tees: map[*tee]bool{}}
	go c.read()
	return c
}

// Name is the terminal device in the guest: ttyS0.
func (c *Console) Name() string { return c.name }

func (c *Console) read() {
	buf := make([]byte, 4096)
	for {
		n, err := c.line.Read(buf)
		c.add(buf[:n])
		if err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.ended = true
			close(c.changed)
			close(c.done)
			return
		}
	}
}

func (c *Console) add(raw []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.tees {
		t.w.Write(raw)
	}
	at := time.Since(c.start)
	for _, b := range c.clean.clean(raw) {
		end := c.base + len(c.text)
		if len(c.text) == 0 || c.text[len(c.text)-1] == '\n' {
			c.times = append(c.times, stamp{end, at})
		}
		c.text = append(c.text, b)
	}
	if len(c.text) > keep {
		cut := len(c.text) - keep/2
		c.text, c.base = append([]byte(nil), c.text[cut:]...), c.base+cut
		for len(c.times) > 1 && c.times[1].offset <= c.base {
			c.times = c.times[1:]
		}
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// Tee copies to w what the guest printed so far, as text, and from now on as it
// comes, until stop is called. The console waits for w.
func (c *Console) Tee(w io.Writer) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.text) > 0 {
		io.WriteString(w, strings.ReplaceAll(string(c.text), "\n", "\r\n"))
	}
	t := &tee{w}
	c.tees[t] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.tees, t)
	}
}

// Write sends bytes as they are, as typed by a person: Enter is \r.
func (c *Console) Write(p []byte) (int, error) {
	c.sending.Lock()
	defer c.sending.Unlock()
	return c.line.Write(p)
}

// Send types text; \n is Enter.
func (c *Console) Send(text string) error {
	if _, err := io.WriteString(c, strings.ReplaceAll(text, "\n", "\r")); err != nil {
		return fmt.Errorf("typing on %s: %w", c.name, err)
	}
	return nil
}

// NotSeenError says that a text did not appear on a console.
type NotSeenError struct {
	Console string
	Pattern string
	// Last lines of the console.
	Last []string
	// Err is the context's cause, or io.EOF where the guest ended.
	Err error
}

func (e *NotSeenError) Error() string {
	return fmt.Sprintf("waiting for %q on %s: %v", e.Pattern, e.Console, e.Err)
}

func (e *NotSeenError) Unwrap() error { return e.Err }

// Expect waits until re matches what was printed after the last match, as it is or
// without lines of the kernel's in between, and returns the match and its groups.
// Its error is a *NotSeenError.
func (c *Console) Expect(ctx context.Context, re *regexp.Regexp) ([]string, error) {
	c.mu.Lock()
	from := c.pos
	c.mu.Unlock()
	groups, end, err := c.ExpectAfter(ctx, from, re)
	if err == nil {
		c.mu.Lock()
		c.pos = end
		c.mu.Unlock()
	}
	return groups, err
}

// ExpectAfter is Expect from a given offset, 0 being the start of the guest, and
// returns the offset behind the match. It leaves Expect's own place alone.
func (c *Console) ExpectAfter(ctx context.Context, from int, re *regexp.Regexp) (groups []string, end int, err error) {
	for {
		c.mu.Lock()
		at := min(max(from-c.base, 0), len(c.text))
		groups, end = find(re, c.text, at)
		end += c.base
		ended, changed := c.ended, c.changed
		c.mu.Unlock()
		switch {
		case groups != nil:
			return groups, end, nil
		case ended:
			return nil, 0, &NotSeenError{c.name, re.String(), c.Tail(10), io.EOF}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, 0, &NotSeenError{c.name, re.String(), c.Tail(10), context.Cause(ctx)}
		}
	}
}
