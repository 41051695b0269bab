package status

import (
	"context"
	"slices"
	"sync"

	"github.com/imgbuild/imgbuild/internal/report"
)

// maxEvents bounds the memory for it: a boot has some hundred events, and only the boot is of interest.
const maxEvents = 2048

// History is what a chart of the boot is made of.
type History struct {
	// Uptime is how long the kernel has run, in seconds.
	Uptime func() float64
	// Shows says whether a chart shows an event.
	Shows func(report.Event) bool

	mu     sync.Mutex
	events []report.Event
}

// Note keeps an event that a chart shows, with its time.
func (h *History) Note(e report.Event) {
	if !h.Shows(e) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) < maxEvents {
		e.Uptime = h.Uptime()
		h.events = append(h.events, e)
	}
}

// Answer is what "uinitctl blame" asks for.
func (h *History) Answer(_ context.Context, _ []string, send func(report.Event) error) error {
	h.mu.Lock()
	events := slices.Clone(h.events)
	h.mu.Unlock()
	for _, e := range events {
		if err := send(e); err != nil {
			return err
		}
	}
	return nil
}
