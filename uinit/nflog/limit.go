package nflog

import (
	"cmp"
	"slices"
	"time"
)

// Limit lets so many records pass in a second, and more at once after a while of silence: a token bucket.
// A packet a second late is worth less than a box that still answers.
type Limit struct {
	// Rate in records a second, Burst in records.
	Rate, Burst int

	tokens  float64
	last    time.Time
	started bool
	dropped uint64
}

// Pass says whether a record passes now; one that does not is counted.
func (l *Limit) Pass(now time.Time) bool {
	if !l.started {
		l.tokens, l.last, l.started = float64(l.Burst), now, true
	}
	if d := now.Sub(l.last); d > 0 {
		l.tokens = min(float64(l.Burst), l.tokens+d.Seconds()*float64(l.Rate))
		l.last = now
	}
	if l.tokens < 1 {
		l.dropped++
		return false
	}
	l.tokens--
	return true
}

// Count adds packets that were lost elsewhere.
func (l *Limit) Count(lost uint64) { l.dropped += lost }

// Dropped returns how many records did not pass since it was last asked.
func (l *Limit) Dropped() uint64 {
	n := l.dropped
	l.dropped = 0
	return n
}

// maxLimits bounds the memory for limits; origins beyond share one.
const maxLimits = 256

// Limits has a limit for each rule's prefix and interface, so that a flood at one rule hides nothing of the others, and
// one from outside nothing of what the same rule says of those inside.
type Limits struct {
	// Rate and Burst of each.
	Rate, Burst int

	limits map[origin]*Limit
}

// origin is what has a limit of its own.
type origin struct {
	// rule is its prefix, "" where it is not known.
	rule string
	// in is the index of the interface that packets come in by, on a bridge of the port; 0 where there is none.
	in int
}

func (p Packet) origin() origin { return origin{p.Prefix, cmp.Or(p.PhysIn, p.In)} }

func (l *Limits) of(o origin) *Limit {
	if l.limits == nil {
		l.limits = map[origin]*Limit{}
	}
	if l.limits[o] == nil && len(l.limits) >= maxLimits {
		o = origin{}
	}
	if l.limits[o] == nil {
		l.limits[o] = &Limit{Rate: l.Rate, Burst: l.Burst}
	}
	return l.limits[o]
}

// Lost is how many records of a rule did not get through; without a name it is not known of which.
type Lost struct {
	Rule string
	// In is the index of the interface that they came in by, 0 where it is not known.
	In      int
	Packets uint64
}

// Lost returns what did not pass since it was last asked, by rule and interface.
func (l *Limits) Lost() (all []Lost) {
	for o, limit := range l.limits {
		if n := limit.Dropped(); n > 0 {
			all = append(all, Lost{o.rule, o.in, n})
		}
	}
	slices.SortFunc(all, func(a, b Lost) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.In, b.In)) })
	return all
}
