package clock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/order"
)

// answerTimeout is how long a server has to answer, its name's resolution included.
const answerTimeout = 4 * time.Second

// errSlow is the cause of a question that got no answer.
var errSlow = fmt.Errorf("no answer within %s", answerTimeout)

type answer struct {
	server *server
	sample Sample
	err    error
}

// round asks all servers at once. As soon as a majority agrees it hands the decision to
// act, for a dead server must not keep the clock wrong; then it waits for the others, so that
// the decision it returns names every server.
func (s *Syncer) round(ctx context.Context, act func(Decision)) Decision {
	// All offsets of a round are against the clock as it was when the round began, even
	// those that come after act has set it: the kernel's monotonic clock is never stepped.
	wall, start := s.Clock.Now(), time.Now()
	now := func() time.Time { return wall.Add(time.Since(start)) }

	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, errSlow)
	defer cancel()
	answers := make(chan answer, len(s.servers))
	var silent []Rejection
	asked := 0
	for _, sv := range s.servers {
		if sv.held(start) {
			silent = append(silent, Rejection{sv.name, sv.refusal + "; " + sv.hold.left(start)})
			continue
		}
		asked++
		go func() { answers <- s.ask(ctx, sv, now) }()
	}

	policy, first := s.Policy, !s.set
	policy.Configured = len(s.servers)
	var samples []Sample
	var acted Action
	for range asked {
		a := <-answers
		if a.err != nil {
			a.server.failed(start, a.err, s.poll)
			silent = append(silent, Rejection{a.server.name, reason(a.err)})
			continue
		}
		a.server.answered()
		samples = append(samples, a.sample)
		if d := Decide(policy, first, samples); acted == "" && d.Action != None {
			acted = d.Action
			act(d)
		}
	}
	d := Decide(policy, first, samples)
	d.Rejected = append(d.Rejected, silent...)
	order.By(d.Rejected, func(a, b Rejection) int { return strings.Compare(a.Server, b.Server) })
	return d
}

func (s *Syncer) ask(ctx context.Context, sv *server, now func() time.Time) answer {
	if err := sv.resolve(ctx, s.Resolve, &s.claims); err != nil {
		return answer{server: sv, err: err}
	}
	sample, err := s.Query(ctx, sv.addr, now)
	sample.Server = sv.name
	return answer{sv, sample, err}
}

// reason is an error in few words, the same for every server that it befalls: without its name, which whoever is told knows, and
// without the ports of the resolver's own connection.
func reason(err error) string {
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		words := strings.Split(lookup.Err, ": ")
		return "resolving: " + words[len(words)-1]
	}
	if errors.Is(err, errSlow) || errors.Is(err, context.DeadlineExceeded) {
		return errSlow.Error()
	}
	return err.Error()
}
