package main

import (
	"context"
	"slices"
	"sync"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
)

// maxHistory bounds the memory for it: a boot has some hundred events, and only the boot is of interest.
const maxHistory = 2048

// history is what a chart of the boot is made of. Its zero value is ready for use.
type history struct {
	mu     sync.Mutex
	events []report.Event
}

// note keeps an event that a chart shows, with its time.
func (h *history) note(e report.Event) {
	switch {
	case e.Kind == report.KindFact && e.Name != "entropy.ready_seconds":
		return
	case e.Kind == report.KindReply:
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) < maxHistory {
		e.Uptime = virtioport.Uptime()
		h.events = append(h.events, e)
	}
}

// answer is what "uinitctl blame" asks for.
func (h *history) answer(_ context.Context, _ []string, send func(report.Event) error) error {
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

// send reports an event to the host and to whoever asks later.
func (w *worker) send(e report.Event) {
	w.history.note(e)
	w.reporter.Send(e)
}
