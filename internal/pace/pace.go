// Package pace lets so much pass in a second, more at once after a while of silence, and counts what does not.
package pace

import (
	"time"

	"golang.org/x/time/rate"
)

// Pace is a limit; it is not safe for concurrent use.
type Pace struct {
	limiter *rate.Limiter
	lost    uint64
}

// New lets so many things pass in a second, and burst of them at once.
func New(second, burst int) *Pace { return &Pace{limiter: rate.NewLimiter(rate.Limit(second), burst)} }

// Pass says whether a thing passes now; one that does not is counted.
func (p *Pace) Pass(now time.Time) bool {
	if p.limiter.AllowN(now, 1) {
		return true
	}
	p.lost++
	return false
}

// Count adds what was lost elsewhere.
func (p *Pace) Count(lost uint64) { p.lost += lost }

// Lost is how many things did not pass since it was last asked.
func (p *Pace) Lost() uint64 {
	n := p.lost
	p.lost = 0
	return n
}
