package chart

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/order"
	"github.com/imgbuild/imgbuild/internal/shown"
)

// width is that of the narrowest terminal people sit at.
const width = 80

// WriteBlame prints the units by how long they took, then the chain of those that held each other up.
func (b Boot) WriteBlame(w io.Writer) error {
	var out strings.Builder
	line := func(format string, args ...any) { out.WriteString(cut(fmt.Sprintf(format, args...)) + "\n") }
	// A reason is never cut: it is what one reads this for.
	row := func(took string, u Unit) {
		head := fmt.Sprintf("%8s  %-24s ", took, shown.Line(u.Name))
		out.WriteString(strings.TrimRight(shown.Hang(head, shown.Line(u.note()), width), " ") + "\n")
	}
	if b.Settled > 0 {
		line("boot %s after %s: %s kernel, %s uinit", b.State, seconds(b.Settled), seconds(b.Init), seconds(b.Settled-b.Init))
	} else {
		line("the boot is not over after %s: %s kernel, %s uinit", seconds(b.End), seconds(b.Init), seconds(b.End-b.Init))
	}
	line("")
	byTime := slices.Clone(b.Units)
	order.By(byTime, func(a, c Unit) int { return cmp.Compare(c.Seconds(), a.Seconds()) })
	for _, u := range byTime {
		if u.Outcome == Skipped {
			continue
		}
		row(seconds(u.Seconds()), u)
	}
	for _, u := range byTime {
		if u.Outcome == Skipped {
			row("-", u)
		}
	}
	if chain := b.Chain(); len(chain) > 0 {
		line("")
		line("held up by (start, duration):")
		for i, u := range chain {
			line("%8s  %*s%s +%s", "@"+seconds(u.Start), i, "", u.Name, seconds(u.holds()-u.Start))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// note is a unit's state where that is worth a word.
func (u Unit) note() string {
	switch {
	case u.Outcome == OK && u.Overdue > 0:
		return "(was late)"
	case u.Outcome == OK:
		return ""
	case u.Message != "":
		return string(u.Outcome) + ": " + u.Message
	}
	return string(u.Outcome)
}

// slack is how long after the end of one unit another may start, in seconds, and still have
// waited for it: the graph's own time.
const slack = 0.02

// Chain is why the boot took as long as it did: the unit that ended last, before it the one whose end
// it started at, and so on, the first one first. The report does not say who needs whom; that
// one starts when the other ends shows it well enough.
func (b Boot) Chain() []Unit {
	var chain []Unit
	next, found := b.lastBefore(cmp.Or(b.Settled, b.End), b.End)
	for found {
		chain = append(chain, next)
		at := next.Start
		if at <= b.Init+slack {
			break // it waited for nobody
		}
		next, found = b.lastBefore(at, slack)
		if found && next.Start >= at {
			break // took no time: it would lead nowhere
		}
	}
	slices.Reverse(chain)
	return chain
}

// holds is until when a unit held others up: what is late is no longer waited for.
func (u Unit) holds() float64 {
	if u.Outcome == Late {
		return u.Overdue
	}
	return u.End
}

// lastBefore finds the unit that ended last up to a moment, not longer before it than a span.
func (b Boot) lastBefore(at, span float64) (Unit, bool) {
	var best Unit
	found := false
	for _, u := range b.Units {
		end := u.holds()
		if u.Outcome == Skipped || end > at+1e-9 || end < at-span || end <= u.Start {
			continue
		}
		// Of those that ended together the longest held up most.
		if !found || end > best.holds() || end == best.holds() && u.Start < best.Start {
			best, found = u, true
		}
	}
	return best, found
}

// seconds is a time with as many digits as a person cares for.
func seconds(s float64) string {
	switch {
	case s >= 100:
		return fmt.Sprintf("%.0fs", s)
	case s >= 10:
		return fmt.Sprintf("%.1fs", s)
	case s >= 1:
		return fmt.Sprintf("%.2fs", s)
	case s >= 0.0005:
		return fmt.Sprintf("%.0fms", s*1000)
	}
	return "<1ms"
}

// cut shortens a line to the width of a terminal.
func cut(line string) string {
	if r := []rune(line); len(r) > width {
		return string(r[:width-3]) + "..."
	}
	return strings.TrimRight(line, " ")
}
