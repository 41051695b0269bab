package feature

import (
	"slices"
	"sync"
	"sync/atomic"
)

// News are what some features learn and others have to hear of. Its zero value is ready for use.
type News struct {
	// ClockSynced says that the clock agrees with time servers.
	ClockSynced atomic.Bool

	mu        sync.Mutex
	addresses []func()
	servers   []func(from string, servers []string)
	resolver  []func()
	byHand    []string
}

// OnAddresses has f called whenever the addresses of an interface change. It must not wait.
func (n *News) OnAddresses(f func()) { n.hear(&n.addresses, f) }

// Addresses says that some interface has other addresses.
func (n *News) Addresses() { n.tell(&n.addresses) }

// OnResolver has f called whenever resolv.conf is another. It must not wait.
func (n *News) OnResolver(f func()) { n.hear(&n.resolver, f) }

// Resolver says that resolv.conf is another.
func (n *News) Resolver() { n.tell(&n.resolver) }

// hear adds one to those who are called.
func (n *News) hear(all *[]func(), f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	*all = append(*all, f)
}

// tell calls them.
func (n *News) tell(all *[]func()) {
	n.mu.Lock()
	listeners := *all
	n.mu.Unlock()
	for _, f := range listeners {
		f()
	}
}

// OnTimeServers has f called with the time servers that a network names, whenever they change. It must not wait.
func (n *News) OnTimeServers(f func(from string, servers []string)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers = append(n.servers, f)
}

// TimeServers says which time servers a network names; from is the lease that names them.
func (n *News) TimeServers(from string, servers []string) {
	n.mu.Lock()
	listeners := n.servers
	n.mu.Unlock()
	for _, f := range listeners {
		f(from, servers)
	}
}

// ByHand says which interfaces are left to a person.
func (n *News) ByHand(names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byHand = names
}

// IsByHand says whether an interface is; "" asks for any.
func (n *News) IsByHand(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.byHand) > 0 && (name == "" || slices.Contains(n.byHand, name))
}
