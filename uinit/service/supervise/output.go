package supervise

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/pace"
)

// Output keeps the last lines of each service and passes on so many that the kernel's log
// stays readable. Its zero value is not ready; see NewOutput.
type Output struct {
	log func(name, line string)

	mu       sync.Mutex
	services map[string]*tail
}

const (
	// kept is how many lines of each service stay in memory.
	kept = 200
	// burst and second bound what reaches the log: so many lines at once, and so many a second.
	burst  = 50
	second = 10
)

type tail struct {
	lines []string
	*pace.Pace
}

// NewOutput passes lines on to log.
func NewOutput(log func(name, line string)) *Output {
	return &Output{log: log, services: map[string]*tail{}}
}

// Line takes a line of a service.
func (o *Output) Line(name, line string) {
	o.mu.Lock()
	t := o.services[name]
	if t == nil {
		t = &tail{Pace: pace.New(second, burst)}
		o.services[name] = t
	}
	if len(t.lines) == kept {
		t.lines = t.lines[1:]
	}
	t.lines = append(t.lines, line)
	pass, muted := t.Pass(time.Now()), uint64(0)
	if pass {
		muted = t.Lost()
	}
	o.mu.Unlock()
	if muted > 0 {
		o.log(name, fmt.Sprintf("(%d lines left out)", muted))
	}
	if pass {
		o.log(name, line)
	}
}

// Tail returns the last lines of a service, the oldest first.
func (o *Output) Tail(name string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t := o.services[name]; t != nil {
		return slices.Clone(t.lines)
	}
	return nil
}
