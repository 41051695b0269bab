package nflog

import (
	"maps"
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

// maxRules bounds the memory for limits; prefixes beyond share one.
const maxRules = 256

// Limits has a limit for each rule's prefix, so that a flood at one rule hides nothing of the others.
type Limits struct {
	// Rate and Burst of each.
	Rate, Burst int

	rules map[string]*Limit
}

func (l *Limits) of(rule string) *Limit {
	if l.rules == nil {
		l.rules = map[string]*Limit{}
	}
	if l.rules[rule] == nil && len(l.rules) >= maxRules {
		rule = ""
	}
	if l.rules[rule] == nil {
		l.rules[rule] = &Limit{Rate: l.Rate, Burst: l.Burst}
	}
	return l.rules[rule]
}

// Lost is how many records of a rule did not get through; without a name it is not known of which.
type Lost struct {
	Rule    string
	Packets uint64
}

// Lost returns what did not pass since it was last asked, by rule.
func (l *Limits) Lost() (all []Lost) {
	for _, rule := range slices.Sorted(maps.Keys(l.rules)) {
		if n := l.rules[rule].Dropped(); n > 0 {
			all = append(all, Lost{rule, n})
		}
	}
	return all
}
