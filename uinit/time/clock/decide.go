package clock

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/order"
)

// Action is what becomes of the clock.
type Action string

// Actions.
const (
	None Action = "none"
	Step Action = "step"
	Slew Action = "slew"
)

const (
	// stepAbove is the offset from which slewing would take too long at boot (RFC 5905, STEPT).
	stepAbove = 128 * time.Millisecond
	// maxDistance makes a server useless (RFC 5905's MAXDIST of 1 s and what ntpd adds).
	maxDistance = 1500 * time.Millisecond
	// maxStratum is the last that counts as synchronized.
	maxStratum = 15
)

// Policy is what a decision goes by.
type Policy struct {
	// Configured is the number of servers there should be; most of these must agree,
	// not most of those that answer.
	Configured int
	// Floor is when the image was built: no true time is before it. Ceiling is the end of
	// what is credible. A zero one does not apply.
	Floor, Ceiling time.Time
	// Panic is the largest offset that is believed after boot.
	Panic time.Duration
}

// credible says why t can't be the time, or nothing.
func (p Policy) credible(t time.Time) string {
	switch {
	case !p.Floor.IsZero() && t.Before(p.Floor):
		return fmt.Sprintf("says %s, before this image was built (%s)", day(t), day(p.Floor))
	case !p.Ceiling.IsZero() && t.After(p.Ceiling):
		return fmt.Sprintf("says %s, beyond what is credible (%s)", day(t), day(p.Ceiling))
	}
	return ""
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Rejection is a server that was not believed, or did not answer.
type Rejection struct{ Server, Reason string }

func (r Rejection) String() string { return r.Server + ": " + r.Reason }

// Tell says why servers were not believed, a text for each reason: where the network is down that is one for all of them.
func Tell(rejected []Rejection) []string {
	var told []string
	by := map[string]int{}
	for _, r := range rejected {
		if i, ok := by[r.Reason]; ok {
			told[i] = strings.TrimSuffix(told[i], ": "+r.Reason) + ", " + r.String()
			continue
		}
		by[r.Reason] = len(told)
		told = append(told, r.String())
	}
	return told
}

// Decision is what a round of answers comes to.
type Decision struct {
	Action Action
	// Offset is to be added to the clock; Uncertainty is how far that may be off.
	Offset, Uncertainty time.Duration
	// Stratum and Leap are those of the best server and of most of the chosen.
	Stratum int
	Leap    Leap
	// Chosen are the servers that agree, best first.
	Chosen   []string
	Rejected []Rejection
	// Reason says, where Action is None, why.
	Reason string
	// Panicked: the servers agree on an offset beyond Policy.Panic.
	Panicked bool
}

// Decide says what to do with the clock. first is true until the clock was set once since
// the machine started: only then may it be stepped.
func Decide(p Policy, first bool, samples []Sample) Decision {
	var d Decision
	var fit []Sample
	for _, s := range samples {
		if reason := unfit(p, s); reason != "" {
			d.Rejected = append(d.Rejected, Rejection{s.Server, reason})
		} else {
			fit = append(fit, s)
		}
	}
	common := agree(fit)
	chosen := common.inside
	order.By(chosen, better)
	for _, s := range chosen {
		d.Chosen = append(d.Chosen, s.Server)
	}
	d.Action = None
	if 2*len(chosen) <= p.Configured {
		d.Reason = fmt.Sprintf("%d of %d servers agree; %d are needed", len(chosen), p.Configured, p.Configured/2+1)
		d.Chosen = nil
		return d
	}
	d.Offset, d.Leap = common.offset(), leapOf(chosen)
	d.Uncertainty, d.Stratum = chosen[0].Distance(), chosen[0].Stratum
	for _, s := range common.outside {
		d.Rejected = append(d.Rejected, Rejection{s.Server, "off by " + round(s.Offset-d.Offset) + " from those that agree"})
	}
	order.By(d.Rejected, func(a, b Rejection) int { return strings.Compare(a.Server, b.Server) })

	switch size := d.Offset.Abs(); {
	case first && size > stepAbove:
		d.Action = Step
	case !first && p.Panic > 0 && size > p.Panic:
		d.Panicked = true
		d.Reason = fmt.Sprintf("the servers agree on an offset of %s, more than %s: not believed", round(d.Offset), round(p.Panic))
	default:
		d.Action = Slew
	}
	return d
}

func unfit(p Policy, s Sample) string {
	switch {
	case s.Leap == LeapUnsync || s.Stratum < 1 || s.Stratum > maxStratum:
		return "its own clock is not set"
	case s.Distance() > maxDistance:
		return fmt.Sprintf("may be off by %s, more than %s", round(s.Distance()), round(maxDistance))
	}
	return p.credible(s.Time)
}

// better orders servers by stratum first, distance second (RFC 5905, appendix A.5.5.2).
func better(a, b Sample) int {
	metric := func(s Sample) time.Duration { return time.Duration(s.Stratum)*maxDistance + s.Distance() }
	return cmp.Or(cmp.Compare(metric(a), metric(b)), strings.Compare(a.Server, b.Server))
}

// offset is the average, in which a server weighs the more the closer it is (RFC 5905,
// appendix A.5.5.5), kept within what all can agree to.
func (a agreement) offset() time.Duration {
	// Decades in nanoseconds don't fit into a float64's 53 bits: average differences.
	sum, weights := 0.0, 0.0
	for _, s := range a.inside {
		weight := 1 / s.Distance().Seconds()
		sum += weight * (s.Offset - a.low).Seconds()
		weights += weight
	}
	mean := a.low + time.Duration(math.Round(sum/weights*1e9))
	return min(max(mean, a.low), a.high)
}

// leapOf is the leap second that most of the servers announce.
func leapOf(samples []Sample) Leap {
	for _, leap := range []Leap{LeapInsert, LeapDelete} {
		n := 0
		for _, s := range samples {
			if s.Leap == leap {
				n++
			}
		}
		if 2*n > len(samples) {
			return leap
		}
	}
	return LeapNone
}

// round writes a duration for people, in seconds with milliseconds.
func round(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }
