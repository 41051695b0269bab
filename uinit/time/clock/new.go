package clock

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// lifetimeYears is how long after its build an image is used at most: what lies beyond is no time but a broken clock.
const lifetimeYears = 30

// NewPolicy is what follows from the profile and from the time of the build, which may be zero.
func NewPolicy(t spec.Time, built time.Time) Policy {
	p := Policy{Panic: time.Duration(t.Panic)}
	if !built.IsZero() {
		p.Floor, p.Ceiling = built, built.AddDate(lifetimeYears, 0, 0)
	}
	return p
}

// New makes a Syncer for this machine's clock. The caller sets Report and, where it wants
// them, RTC, Save and a Marker's WasSet and MarkSet, and calls SetServers.
func New(t spec.Time, built time.Time) *Syncer {
	policy := NewPolicy(t, built)
	pivot := policy.Floor
	if pivot.IsZero() {
		pivot = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	shortest := max(time.Duration(t.PollMin), answerTimeout)
	return &Syncer{
		Policy:  policy,
		PollMin: shortest,
		PollMax: max(time.Duration(t.PollMax), shortest),
		KeepRTC: t.KeepRTC,
		Clock:   System{},
		Query:   UDP{Pivot: pivot}.Query,
		Resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		Report: func(Status) {},
	}
}
