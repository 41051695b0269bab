package clock

import (
	"cmp"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/internal/order"
)

// edge is an end of the range in which the true offset lies, if a sample is right.
type edge struct {
	at   time.Duration
	kind int // -1 lower, +1 upper
}

// agreement is what a majority of samples has in common.
type agreement struct {
	// low and high bound the offsets that are possible after all but a minority.
	low, high       time.Duration
	inside, outside []Sample
}

// agree finds the smallest minority without which all ranges have a stretch in common
// (Marzullo's algorithm, as ntpd has it; the count of midpoints in RFC 5905, section 11.2.1,
// would turn away two servers with uneven ways). Where no majority agrees, all are outside.
func agree(samples []Sample) agreement {
	edges := make([]edge, 0, 2*len(samples))
	for _, s := range samples {
		d := s.Distance()
		edges = append(edges, edge{s.Offset - d, -1}, edge{s.Offset + d, +1})
	}
	// At the same point a range begins before another ends: touching is agreeing.
	order.By(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind))
	})
	for minority := 0; 2*minority < len(samples); minority++ {
		low, ok := reach(slices.All(edges), -1, len(samples)-minority)
		if !ok {
			continue
		}
		high, _ := reach(slices.Backward(edges), +1, len(samples)-minority)
		a := agreement{low: low, high: high}
		for _, s := range samples {
			if s.Offset+s.Distance() >= low && s.Offset-s.Distance() <= high {
				a.inside = append(a.inside, s)
			} else {
				a.outside = append(a.outside, s)
			}
		}
		return a
	}
	return agreement{outside: samples}
}

// reach walks over the edges until it is within so many ranges, which begin, seen this way,
// with edges of the kind opening.
func reach(edges func(func(int, edge) bool), opening, ranges int) (at time.Duration, ok bool) {
	depth := 0
	for _, e := range edges {
		if e.kind != opening {
			depth--
		} else if depth++; depth >= ranges {
			return e.at, true
		}
	}
	return 0, false
}
