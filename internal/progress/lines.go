package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/shown"
)

// slow is how long a step takes before a person wants to hear of it.
const slow = time.Second

// silence is how long nothing is said while something is done: who watches a log wonders after five seconds.
const silence = 4 * time.Second

// Lines reports steps as plain lines, for logs and pipes: one when a step has
// lasted a second, one with its duration when such a step ends, and between
// them one whenever nothing else was said for a while.
type Lines struct {
	W io.Writer
	// Verbose shows quick steps too.
	Verbose bool

	mu   sync.Mutex
	last time.Time // when something was said
}

func (l *Lines) print(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.say(format, args...)
}

// say prints; mu is held.
func (l *Lines) say(format string, args ...any) {
	l.last = time.Now()
	fmt.Fprintln(l.W, shown.Text(fmt.Sprintf(format, args...)))
}

// Note prints the line.
func (l *Lines) Note(format string, args ...any) { l.print(format, args...) }

// Step begins a step.
func (l *Lines) Step(name string, total int64) Step { return l.begin(name, false) }

func (l *Lines) bytes(name string, total int64) Step { return l.begin(name, true) }

func (l *Lines) begin(name string, bytes bool) Step {
	s := &lineStep{out: l, name: name, start: time.Now(), bytes: bytes}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(slow, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.done {
			return
		}
		if !s.shown {
			l.print("%s …", name)
		}
		s.shown = true
		s.timer.Reset(l.still("%s … %s", name, Seconds(time.Since(s.start))))
	})
	return s
}

// still says that something goes on, unless something else was said just now, and returns when to see again.
func (l *Lines) still(format string, args ...any) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if left := silence - time.Since(l.last); left > 0 {
		return left
	}
	l.say(format, args...)
	return silence
}

type lineStep struct {
	out   *Lines
	name  string
	start time.Time
	timer *time.Timer
	bytes bool

	mu          sync.Mutex
	count       int64
	shown, done bool
}

func (s *lineStep) Add(n int64) {
	s.mu.Lock()
	s.count += n
	s.mu.Unlock()
}

func (s *lineStep) Done(err error) {
	s.timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return
	}
	s.done = true
	took := time.Since(s.start)
	switch {
	case err != nil && (s.shown || s.out.Verbose):
		s.out.print("%s: stopped after %s", s.name, Seconds(took))
	case s.shown || s.out.Verbose:
		text := Seconds(took)
		if s.bytes {
			text += rate(s.count, took)
		}
		s.out.print("%s: %s", s.name, text)
	}
}

// Seconds renders a duration as people read it: 0.3 s, 2 min 5 s.
func Seconds(d time.Duration) string {
	if d >= time.Minute {
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
