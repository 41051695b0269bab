// Package publish leads ports of this machine to containers, and containers to other machines by this one's addresses (NAT): IPv4 only.
// Such a container has an interface host0, of which the other end is this machine's and is routed.
package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"sync"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// Network has all containers of a machine that publish ports or go by NAT. Make it with New.
type Network struct {
	machine func() *spec.Machine

	mu sync.Mutex
	// containers have rules and an interface, by their names, with their addresses.
	containers map[string]netip.Addr
	// guarded are the links that forward for nobody else, by rules that are in force.
	guarded []string
	// before is what the links that were opened had of forwarding.
	before map[string]string
}

// New makes a network without containers; machine gives the rows as they are at the moment.
func New(machine func() *spec.Machine) *Network {
	return &Network{machine: machine, containers: map[string]netip.Addr{}, before: map[string]string{}}
}

// Address is a container's on host0: the same as long as the profile has the same containers.
func Address(m *spec.Machine, name string) netip.Addr {
	a := hostAddress
	for _, other := range slices.Sorted(maps.Keys(m.Container)) {
		if a = a.Next(); other == name {
			break
		}
	}
	return a
}

// Add leads a container's ports to it. ns is that of its network, /proc/PID/ns/net; it may be closed afterwards, and the container's
// program need not run yet. After an error nothing is left.
func (n *Network) Add(ctx context.Context, name string, ns *os.File) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.machine()
	row, has := m.Container[name]
	if !has {
		return fmt.Errorf("there is no container %s", name)
	}
	address := Address(m, name)
	n.containers[name] = address
	err := n.add(ctx, m, name, row, address, ns)
	if err != nil {
		err = errors.Join(err, n.remove(context.WithoutCancel(ctx), name))
	}
	return err
}

func (n *Network) add(ctx context.Context, m *spec.Machine, name string, row spec.Container, address netip.Addr, file *os.File) error {
	ns, err := netns.Open(file)
	if err != nil {
		return err
	}
	defer ns.Close()
	// What must not pass is known before anything can.
	if err := load(ctx, guard(m)+rules(name, row, address)); err != nil {
		return err
	}
	n.guarded = Opened(m)
	if err := reserve(); err != nil {
		return err
	}
	if err := n.open(m); err != nil {
		return err
	}
	if err := connect(ns, name, address); err != nil {
		return err
	}
	return forget(address, row)
}

// Remove ends what Add began; it is no error that there is nothing.
func (n *Network) Remove(ctx context.Context, name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.remove(ctx, name)
}

func (n *Network) remove(ctx context.Context, name string) error {
	failed := []error{netns.Clear(spec.ContainerPort(name, spec.ContainerHost0))}
	if address, has := n.containers[name]; has {
		failed = append(failed, forget(address, spec.Container{}))
	}
	delete(n.containers, name)
	drop := without(table(name))
	if len(n.containers) == 0 {
		failed = append(failed, n.close(), release())
		drop += without(guardTable)
	}
	return errors.Join(append(failed, load(ctx, drop))...)
}

// Sweep removes what an init that crashed has left of all containers; none has been added to this network yet.
func (n *Network) Sweep(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	names, guarded, err := left()
	if err != nil {
		return err
	}
	if guarded {
		for _, link := range Opened(n.machine()) {
			n.before[link] = "0"
		}
	}
	var failed []error
	for _, name := range names {
		failed = append(failed, n.remove(ctx, name))
	}
	if guarded && len(names) == 0 {
		failed = append(failed, n.close(), release(), load(ctx, without(guardTable)))
	}
	return errors.Join(failed...)
}
