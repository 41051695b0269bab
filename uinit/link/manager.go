// Package link brings up the network interfaces of a profile: it finds each by what it is, gives it the row's
// name, its addresses and routes, and keeps its DHCP lease.
package link

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
	"github.com/imgbuild/imgbuild/uinit/entropy/pool"
)

// Manager looks after all interfaces of a machine for as long as its context lives. One goroutine does
// the work: it observes, plans, acts, and publishes what each link is like.
type Manager struct {
	ctx context.Context
	// rows are changed by the goroutine alone, under mu; others read them by wanted.
	rows map[string]row
	// rules are for all of them.
	rules []Rule
	// ethernet are the rows of hardware.
	ethernet map[string]spec.Ethernet
	listener Listener
	kernel   Kernel
	watch    func(context.Context) (<-chan struct{}, error)
	hear     func(context.Context) (<-chan advertised, error)
	open     func(index int, name string) (dhcp.Socket, error)
	solicit  func(ctx context.Context, index int, name string) error
	client6  Clients6
	dial     func(ctx context.Context, name string, to netip.AddrPort) error
	// machine is what the firmware calls this machine, "" for nothing.
	machine string
	// resolvConf is where name servers are written, handFile where it is kept what is by hand.
	resolvConf, handFile string

	start sync.Once
	calls chan func(*work)

	mu sync.Mutex
	// views are what callers may know, by row; news is closed when they change.
	views map[string]view
	news  chan struct{}
	// broken is why there is no goroutine.
	broken error
}

// New prepares the rows; nothing happens before Configure. What Configure
// begins goes on until ctx ends. clients6 is nil where DHCPv6 was left out. The listener's facts are link.NAME.mac, .driver, .carrier, .addresses,
// .gateway, .dhcp4.server, .dhcp4.lease_seconds and .dhcp4.ntp (time servers, []string), where DHCPv6 may be asked
// .dhcp6.server, .dhcp6.address, .dhcp6.lease_seconds, .dhcp6.ntp, .ra.managed and .ra.other, of ports .master,
// of bonds .active (the port in use), .repairs (how often changes of others were undone), of bonds and bridges .ports, .duplicates and .conflicts (addresses that somebody else has), .online and .missing (what keeps it from
// being online, "" for nothing), .by_hand, and of resolver.servers and resolver.search, whenever they change.
func New(ctx context.Context, machine *spec.Machine, listener Listener, clients6 Clients6) *Manager {
	rows, rules := rowsOf(machine), rulesOf(machine)
	return &Manager{
		rows: rows, ethernet: machine.Ethernet, rules: rules, machine: pool.Owner(),
		kernel: &rtnetlink{known: map[int]hardware{}, settings: allSettings(rows), routers: asks6(rows), rules: len(rules) > 0},
		ctx:    ctx, listener: listener, watch: watch, hear: hear, client6: clients6, open: dhcp.Open, solicit: solicit, dial: dial, resolvConf: "/etc/resolv.conf", handFile: handFile,
		calls: make(chan func(*work)), views: map[string]view{}, news: make(chan struct{}),
	}
}

// Configure waits for the row's interface, names and configures it, and returns when
// that is done and, with dhcp4 or dhcp6, the first lease is bound. Lease and configuration are kept afterwards, also when
// the interface goes and comes back. An error other than ctx's says what the kernel refused; the rest is configured
// all the same.
func (m *Manager) Configure(ctx context.Context, name string) error {
	if _, ok := m.wanted()[name]; !ok {
		return fmt.Errorf("configuring link %s: the profile has no such row", name)
	}
	if err := m.call(ctx, func(w *work) { w.begin(name) }); err != nil {
		return err
	}
	return m.await(ctx, name, func(v view) (bool, error) { return v.configured(), v.err })
}

// Online waits until the link has carrier, its addresses are usable, and a default route
// is there if one is to be expected. It returns an error at once when another machine has one of its addresses.
func (m *Manager) Online(ctx context.Context, name string) error {
	return m.await(ctx, name, func(v view) (bool, error) { return v.waiting() == "", v.duplicate() })
}

// Waiting says what Configure or Online waits for right now: "no carrier on lan". It is empty when
// there is nothing to wait for.
func (m *Manager) Waiting(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.views[name].waiting()
}

// await blocks until done says so of the link's view.
func (m *Manager) await(ctx context.Context, name string, done func(view) (bool, error)) error {
	for {
		m.mu.Lock()
		v, begun := m.views[name]
		news, broken := m.news, m.broken
		m.mu.Unlock()
		if broken != nil {
			return broken
		}
		if begun {
			if ok, err := done(v); ok || err != nil {
				return err
			}
		}
		select {
		case <-news:
		case <-m.ctx.Done():
			return m.ctx.Err()
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", v.waiting(), ctx.Err())
		}
	}
}

// noWorker is why there is no goroutine to do the work, if so.
func (m *Manager) noWorker() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.broken
}

// publish tells everybody who waits.
func (m *Manager) publish(views map[string]view, broken error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.views, m.broken = views, broken
	close(m.news)
	m.news = make(chan struct{})
}

// hostName is what DHCP servers are told: the kernel's name for the host once it has been set.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "(none)" || name == "localhost" {
		return ""
	}
	return name
}

// pollCarrier is how often carrier is looked for while a link that has just come up has none: the kernel tells of it up to
// a second late. After pollFor its word is waited for.
const (
	pollCarrier = 30 * time.Millisecond
	pollFor     = 10 * time.Second
)
