package nflog

import (
	"cmp"
	"slices"

	"github.com/imgbuild/imgbuild/internal/pace"
)

// maxLimits bounds the memory for limits; origins beyond share one.
const maxLimits = 256

// Limits has a limit for each rule's prefix and interface, so that a flood at one rule hides nothing of the others, and
// one from outside nothing of what the same rule says of those inside.
type Limits struct {
	// Rate of each in records a second, and Burst at once. A packet a second late is worth less than a box that still answers.
	Rate, Burst int

	limits map[origin]*pace.Pace
}

// origin is what has a limit of its own.
type origin struct {
	// rule is its prefix, "" where it is not known.
	rule string
	// in is the index of the interface that packets come in by, on a bridge of the port; 0 where there is none.
	in int
}

func (p Packet) origin() origin { return origin{p.Prefix, cmp.Or(p.PhysIn, p.In)} }

func (l *Limits) of(o origin) *pace.Pace {
	if l.limits == nil {
		l.limits = map[origin]*pace.Pace{}
	}
	if l.limits[o] == nil && len(l.limits) >= maxLimits {
		o = origin{}
	}
	if l.limits[o] == nil {
		l.limits[o] = pace.New(l.Rate, l.Burst)
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
		if n := limit.Lost(); n > 0 {
			all = append(all, Lost{o.rule, o.in, n})
		}
	}
	slices.SortFunc(all, func(a, b Lost) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.In, b.In)) })
	return all
}
