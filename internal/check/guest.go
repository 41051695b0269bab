package check

import (
	"context"
	"regexp"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
)

// Guest is the running machine that is checked.
type Guest interface {
	// Started is when it was started, on the host's clock.
	Started() time.Time
	// Console returns the console of that name, or an error that names those there are.
	Console(name string) (Console, error)
	// Consoles returns all of them, the first serial port first.
	Consoles() []Console
	// Report is what the guest reports.
	Report() *report.Log
	// Request asks uinit for something and waits for the answer.
	Request(context.Context, report.Request) (report.Event, error)
	// Kill ends the guest at once.
	Kill()
	// Exited is closed when the guest is gone; Ending says how, once it is.
	Exited() <-chan struct{}
	Ending() Ending
}

// Console is a terminal line of the guest.
type Console interface {
	// ExpectAfter waits until re matches what was printed from an offset on; end is
	// the offset behind the match.
	ExpectAfter(ctx context.Context, from int, re *regexp.Regexp) (groups []string, end int, err error)
	// Send types text; \n is Enter.
	Send(text string) error
	// Tail returns the last n lines that are not blank.
	Tail(n int) []string
	// Text is all that was printed.
	Text() string
}

// Ending is how the virtual machine ended, as its monitor saw it.
type Ending struct {
	// Reason is that of QEMU's SHUTDOWN event: guest-shutdown, guest-reset …
	Reason string
	// Status is QEMU's exit status.
	Status int
	// Stderr is what QEMU said last.
	Stderr string
	// Limit: it was killed because the time for the whole run was over.
	Limit bool
	// Interrupted: it was killed because a person ended the run.
	Interrupted bool
	// CPU is the processor time that QEMU used, Took the time it ran.
	CPU, Took time.Duration
}
