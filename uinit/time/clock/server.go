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
	// maxHold is the longest that a server is left alone because it asked for that.
	maxHold = 36 * time.Hour
)

// server is a configured server and what became of it.
type server struct {
	name string
	host string
	port uint16

	addr     netip.AddrPort // zero: not resolved
	failures int            // in a row
	denied   map[netip.AddrPort]bool
	hold     time.Duration // pause that it asked for last
	holdTill time.Time     // of the monotonic clock
	refusal  string        // what it said
}

func newServer(name spec.TimeServer) *server {
	host, port := name.Split()
	return &server{name: string(name), host: host, port: port, denied: map[netip.AddrPort]bool{}}
}

// held says that the server wants no question now.
func (s *server) held(now time.Time) bool { return now.Before(s.holdTill) }

// answered notes a good answer.
func (s *server) answered() { s.failures, s.hold, s.refusal = 0, 0, "" }

// failed notes that a question brought nothing.
func (s *server) failed(now time.Time, err error, poll time.Duration) {
	s.failures++
	var kiss *KissError
	switch {
	case errors.As(err, &kiss) && kiss.Denied():
		s.denied[s.addr] = true
		s.addr = netip.AddrPort{}
		s.refusal = kiss.Error()
	case errors.As(err, &kiss):
		s.hold = min(max(2*s.hold, 2*poll, time.Minute), maxHold)
		s.holdTill = now.Add(s.hold)
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
	err := errNoAddress
	if s.refusal != "" {
		err = errors.New(s.refusal)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.owner, func(_ netip.AddrPort, name string) bool { return name == s.name })
	for i := range addrs {
		addr := netip.AddrPortFrom(addrs[(i+s.failures)%len(addrs)].Unmap(), s.port)
		other, taken := c.owner[addr]
		switch {
		case s.denied[addr]:
		case taken:
			err = fmt.Errorf("it is the same server as %s", other)
		default:
			s.addr, c.owner[addr] = addr, s.name
			return nil
		}
	}
	return err
}
