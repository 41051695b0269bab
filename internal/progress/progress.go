// Package progress shows a person what a long command is doing: a bar on a
// terminal, plain lines elsewhere, nothing with -q.
package progress

// Reporter starts steps. Steps may run side by side.
type Reporter interface {
	// Step begins something that may take over a second: "downloading
	// linux-image-6.1.0-44-amd64". Total is its size in bytes or items, 0 where unknown.
	Step(name string, total int64) Step
	// Note prints a line that matters whatever step is running.
	Note(format string, args ...any)
}

// Step is something in progress.
type Step interface {
	// Add counts n more bytes or items as done.
	Add(n int64)
	// Done ends the step; a nil error means it succeeded.
	Done(err error)
}

// Bytes begins a step of total bytes, with its rate and, on a terminal, the time that
// is left.
func Bytes(r Reporter, name string, total int64) Step {
	if b, ok := r.(interface{ bytes(string, int64) Step }); ok {
		return b.bytes(name, total)
	}
	return r.Step(name, total)
}

// Discard reports nothing.
var Discard Reporter = discard{}

type discard struct{}

func (discard) Step(string, int64) Step { return discard{} }
func (discard) Note(string, ...any)     {}
func (discard) Add(int64)               {}
func (discard) Done(error)              {}
