package clock

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

const (
	// resolveAfter is the number of failures in a row after which a name is resolved again:
	// pools move.
	resolveAfter = 2
	// maxHold is the longest that a server is left alone because it asked for that, or somebody on the way did in its name: a
	// packet proves no more than that whoever sent it has seen the question.
	maxHold = 4 * time.Hour
	// denyHold is for how long one that refuses us is left alone at first. RFC 5905, section 7.4, has clients leave it for good, which
	// anybody on the way could bring about with one packet.
	denyHold = time.Hour
)

// server is a configured server and what became of it.
type server struct {
	name string
	host string
	port uint16

	addr     netip.AddrPort // zero: not resolved
	failures int            // in a row
	hold     pause          // that it asked for last
	refusal  string         // what it said
	// denied are those of its addresses that refuse us: a name may have others.
	denied map[netip.AddrPort]pause
}

// pause is for how long a server is left alone, until a moment of the monotonic clock.
type pause struct {
	length time.Duration
	till   time.Time
}

// longer is the next pause, twice as long as the last one within bounds.
func (p pause) longer(now time.Time, least time.Duration) pause {
	length := min(max(2*p.length, least), maxHold)
	return pause{length, now.Add(length)}
}

// left says until when, for a person.
func (p pause) left(now time.Time) string {
	return "next question in " + p.till.Sub(now).Round(time.Second).String()
}

func newServer(name spec.TimeServer) *server {
	host, port := name.Split()
	return &server{name: string(name), host: host, port: port, denied: map[netip.AddrPort]pause{}}
}

// held says that the server wants no question now.
func (s *server) held(now time.Time) bool { return now.Before(s.hold.till) }

// answered notes a good answer.
func (s *server) answered() {
	s.failures, s.hold, s.refusal = 0, pause{}, ""
	delete(s.denied, s.addr)
}

// failed notes that a question brought nothing.
func (s *server) failed(now time.Time, err error, poll time.Duration) {
	s.failures++
	var kiss *KissError
	switch {
	case errors.As(err, &kiss) && kiss.Denied():
		// What was refused long ago says nothing any more, and a pool has many addresses.
		maps.DeleteFunc(s.denied, func(_ netip.AddrPort, p pause) bool { return now.Sub(p.till) > maxHold })
		s.denied[s.addr] = s.denied[s.addr].longer(now, denyHold)
		s.addr = netip.AddrPort{}
		s.refusal = kiss.Error()
	case errors.As(err, &kiss):
		s.hold = s.hold.longer(now, max(2*poll, time.Minute))
		s.refusal = kiss.Error()
	case s.failures%resolveAfter == 0:
		s.addr = netip.AddrPort{}
	}
}

// claims keeps two configured names from being the same server, which would have two votes.
type claims struct {
	mu    sync.Mutex
	owner map[netip.AddrPort]string
}

var errNoAddress = errors.New("it has no address that may be asked")

// resolve finds an address for the server, unless it has one, and claims it. After failures
// the next of its addresses is taken.
func (s *server) resolve(ctx context.Context, lookup func(context.Context, string) ([]netip.Addr, error), c *claims) error {
	if s.addr.IsValid() {
		return nil
	}
	var addrs []netip.Addr
	if addr, err := netip.ParseAddr(s.host); err == nil {
		addrs = []netip.Addr{addr}
	} else if addrs, err = lookup(ctx, s.host); err != nil {
		return fmt.Errorf("resolving: %w", err)
	}
	err, now := errNoAddress, time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.owner, func(_ netip.AddrPort, name string) bool { return name == s.name })
	for i := range addrs {
		addr := netip.AddrPortFrom(addrs[(i+s.failures)%len(addrs)].Unmap(), s.port)
		other, taken := c.owner[addr]
		switch {
		case now.Before(s.denied[addr].till):
			err = fmt.Errorf("%s; %s", s.refusal, s.denied[addr].left(now))
		case taken:
			err = fmt.Errorf("it is the same server as %s", other)
		default:
			s.addr, c.owner[addr] = addr, s.name
			return nil
		}
	}
	return err
}
