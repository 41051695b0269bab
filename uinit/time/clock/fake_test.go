package clock

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

var timeSpec = spec.Time{}

// fakeClock is time.Now, so much ahead.
type fakeClock struct {
	mu       sync.Mutex
	ahead    time.Duration
	steps    []time.Duration
	adjusted []Adjustment
	err      error
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *fakeClock) Step(by time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	c.steps = append(c.steps, by)
	c.ahead += by
	return nil
}

// Adjust does at once what the kernel does little by little.
func (c *fakeClock) Adjust(a Adjustment) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	c.adjusted = append(c.adjusted, a)
	c.ahead += a.Offset
	return nil
}

type fakeRTC struct {
	shows  time.Time
	writes int
	err    error
}

func (r *fakeRTC) Read() (time.Time, error) { return r.shows, r.err }

func (r *fakeRTC) Write(t time.Time) error {
	if r.err == nil {
		r.shows = t
		r.writes++
	}
	return r.err
}

// fakeServer answers after wait, with time.Now and so much ahead; or not at all, or with an error.
type fakeServer struct {
	ahead time.Duration
	wait  time.Duration
	dead  bool
	err   error
	asked []time.Time
}

type fakeNet struct {
	mu      sync.Mutex
	servers map[netip.AddrPort]*fakeServer
	names   map[string][]netip.Addr
	lookups map[string]int
}

func newNet() *fakeNet {
	return &fakeNet{servers: map[netip.AddrPort]*fakeServer{}, names: map[string][]netip.Addr{}, lookups: map[string]int{}}
}

// add puts a server at 192.0.2.n.
func (n *fakeNet) add(last byte, s *fakeServer) spec.TimeServer {
	addr := netip.AddrFrom4([4]byte{192, 0, 2, last})
	n.servers[netip.AddrPortFrom(addr, 123)] = s
	return spec.TimeServer(addr.String())
}

func (n *fakeNet) Query(ctx context.Context, addr netip.AddrPort, now func() time.Time) (Sample, error) {
	n.mu.Lock()
	s := n.servers[addr]
	if s != nil {
		s.asked = append(s.asked, time.Now())
	}
	n.mu.Unlock()
	if s == nil || s.dead {
		<-ctx.Done()
		return Sample{}, context.Cause(ctx)
	}
	if s.err != nil {
		return Sample{}, s.err
	}
	sent := now()
	select {
	case <-time.After(s.wait / 2):
	case <-ctx.Done():
		return Sample{}, context.Cause(ctx)
	}
	theirs := time.Now().Add(s.ahead)
	select {
	case <-time.After(s.wait / 2):
	case <-ctx.Done():
		return Sample{}, context.Cause(ctx)
	}
	came := now()
	return Sample{Time: theirs, Offset: theirs.Sub(sent)/2 + theirs.Sub(came)/2, Delay: came.Sub(sent), Stratum: 2}, nil
}

func (n *fakeNet) Resolve(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lookups[host]++
	if n.names[host] == nil {
		return nil, errNoAddress
	}
	return n.names[host], nil
}
