package profile

import (
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
)

// shortestPoll is what public time servers put up with (RFC 5905, MINPOLL).
const shortestPoll = spec.Duration(16 * time.Second)

func (c *crosser) time() {
	t := c.p.Time
	if t.PollMin < shortestPoll {
		c.Bad("time.poll_min", "is %s; accepted: %s or more", t.PollMin, shortestPoll)
	}
	if t.PollMax < t.PollMin {
		c.Of("time.poll_min").Bad("time.poll_max", "is %s, shorter than time.poll_min; accepted: %s or more", t.PollMax, t.PollMin)
	}
	state.Check(c.Judge, &c.p.Machine, "time.state", t.State)
}
