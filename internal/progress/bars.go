package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/shown"
)

// Bars draws running steps at the bottom of a terminal and leaves a line with
// its duration for each that took over a second.
type Bars struct {
	w       io.Writer
	width   func() int
	verbose bool

	mu    sync.Mutex
	steps []*bar
	drawn int // lines on the screen that belong to running steps
	stop  chan struct{}
}

// NewBars draws on w, a terminal of width() columns.
func NewBars(w io.Writer, width func() int, verbose bool) *Bars {
	return &Bars{w: w, width: width, verbose: verbose}
}

type bar struct {
	out         *Bars
	name        string
	start       time.Time
	done, total int64
	bytes       bool // rather than items: a rate says something
}

// Note prints a line above the running steps.
func (b *Bars) Note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erase()
	fmt.Fprintln(b.w, shown.Text(fmt.Sprintf(format, args...)))
	b.draw(time.Now())
}

// Step begins a step. It appears once it has lasted a moment.
func (b *Bars) Step(name string, total int64) Step {
	return b.begin(&bar{out: b, name: shown.Line(name), start: time.Now(), total: total})
}

func (b *Bars) bytes(name string, total int64) Step {
	return b.begin(&bar{out: b, name: shown.Line(name), start: time.Now(), total: total, bytes: true})
}

func (b *Bars) begin(s *bar) Step {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps = append(b.steps, s)
	if b.stop == nil {
		b.stop = make(chan struct{})
		go b.tick(b.stop)
	}
	return s
}

func (b *Bars) tick(stop chan struct{}) {
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-t.C:
			b.mu.Lock()
			if b.stop == stop {
				b.erase()
				b.draw(now)
			}
			b.mu.Unlock()
		}
	}
}

// erase takes the running steps off the screen.
func (b *Bars) erase() {
	if b.drawn > 0 {
		// A key that the terminal echoes, such as Ctrl-C, leaves the cursor inside a line.
		fmt.Fprintf(b.w, "\r\x1b[%dA\x1b[J", b.drawn)
		b.drawn = 0
	}
}

func (b *Bars) draw(now time.Time) {
	for _, s := range b.steps {
		// Steps that end at once would only flicker.
		if now.Sub(s.start) < 300*time.Millisecond {
			continue
		}
		fmt.Fprintln(b.w, s.line(now, b.width()))
		b.drawn++
	}
}

func (s *bar) Add(n int64) {
	s.out.mu.Lock()
	s.done += n
	s.out.mu.Unlock()
}

func (s *bar) Done(err error) {
	b := s.out
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.steps {
		if other != s {
			continue
		}
		b.steps = append(b.steps[:i:i], b.steps[i+1:]...)
		b.erase()
		if took := time.Since(s.start); took >= slow || b.verbose {
			mark := "✓"
			if err != nil {
				mark = "✗"
			}
			fmt.Fprintf(b.w, "%s %s  %s\n", mark, s.name, s.summary(took))
		}
		b.draw(time.Now())
		break
	}
	if len(b.steps) == 0 && b.stop != nil {
		close(b.stop)
		b.stop = nil
	}
}

// line renders a step in at most width columns: name, bar where the total is
// known, elapsed time.
func (s *bar) line(now time.Time, width int) string {
	tail := "  " + s.summary(now.Sub(s.start))
	if left, ok := remaining(s.done, s.total, now.Sub(s.start)); ok && s.bytes {
		tail += ", " + Seconds(left) + " left"
	}
	if s.total > 0 {
		const cells = 20
		part := min(float64(s.done)/float64(s.total), 1)
		full := int(part * cells)
		tail = fmt.Sprintf("  [%s%s] %3.0f %%", strings.Repeat("━", full), strings.Repeat(" ", cells-full), part*100) + tail
	}
	name := []rune(s.name)
	if room := width - len([]rune(tail)) - 3; room > 0 && len(name) > room {
		name = append(name[:max(room-1, 0)], '…')
	}
	return "· " + string(name) + tail
}

func (s *bar) summary(took time.Duration) string {
	if !s.bytes {
		return Seconds(took)
	}
	return Seconds(took) + rate(s.done, took)
}
