// Package virtioport speaks with whoever runs this machine as a guest: events go out, requests
// come in, over virtio-serial ports or a second serial port. A machine without such a host
// loses nothing by it, and nothing ever waits for it but the power-off.
package virtioport

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/report"
)

// backlog bounds what is kept for a host that has not opened the port: a boot has some hundred events.
const backlog = 4096

// Reporter keeps events until they are written. Its zero value is ready for use.
type Reporter struct {
	mu      sync.Mutex
	queue   [][]byte
	written chan struct{} // closed and replaced whenever the queue moves
	added   chan struct{}
	// Dropped counts events that did not fit.
	dropped int
}

// Send stamps and queues an event; it never blocks. Once the backlog is full later
// events are lost, not the first ones.
func (r *Reporter) Send(e report.Event) {
	e.Uptime = Uptime()
	line, err := json.Marshal(e)
	if err != nil {
		// A fact of a type that JSON does not have is a mistake of ours, and worth seeing.
		line, _ = json.Marshal(report.Event{Kind: e.Kind, Name: e.Name, Uptime: e.Uptime, Message: "BUG: " + err.Error()})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.init()
	if len(r.queue) >= backlog {
		r.dropped++
		return
	}
	r.queue = append(r.queue, append(line, '\n'))
	select {
	case r.added <- struct{}{}:
	default:
	}
}

func (r *Reporter) init() {
	if r.added == nil {
		r.added, r.written = make(chan struct{}, 1), make(chan struct{})
	}
}

// Run writes what is queued, and what comes, to w until ctx ends or w fails. What
// was not written stays queued for the next Run.
func (r *Reporter) Run(ctx context.Context, w io.Writer) error {
	r.mu.Lock()
	r.init()
	added := r.added
	r.mu.Unlock()
	for {
		if line := r.first(); line != nil {
			if _, err := w.Write(line); err != nil {
				return err
			}
			r.drop()
			continue
		}
		select {
		case <-added:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *Reporter) first() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		return nil
	}
	return r.queue[0]
}

func (r *Reporter) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = r.queue[1:]
	close(r.written)
	r.written = make(chan struct{})
}

// Flush waits until all that was sent is written, or ctx ends.
func (r *Reporter) Flush(ctx context.Context) error {
	for {
		r.mu.Lock()
		r.init()
		left, written := len(r.queue), r.written
		r.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-written:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Uptime is the time since the kernel started, in seconds (CLOCK_BOOTTIME).
func Uptime() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return report.Seconds(time.Duration(t.Nano()))
}
