// Package nic gives containers their network interfaces: ports of bridges, or second ones beside an interface of the machine.
package nic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// Container is whose interfaces they are.
type Container struct {
	Name string
	NICs map[string]spec.ContainerNIC
	// Namespace is that of its network, /proc/PID/ns/net; it may be closed once Attach has returned.
	Namespace *os.File
	// Host is the machine's name, of which hardware addresses are derived.
	Host string
	// Say is told what a person should know, in a line. It is called by several goroutines; nil: nobody is told.
	Say func(line string)
	// Changed is told the addresses of an interface that can be used, sorted, each time they are others, by one goroutine; nil: nobody is told.
	Changed func(nic string, addresses []netip.Prefix)
}

// patience is how long a container waits for what others on its networks have to say.
const patience = 30 * time.Second

// Attach makes a container's interfaces in its network, and returns when their addresses can be used: static ones past the search for
// duplicates (RFC 5227, RFC 4862), those of DHCP and routers when there are some. What is missing after 30 seconds is said, and the
// container starts all the same. An address that somebody else has is an error. After an error nothing is left.
//
// Leases are renewed, and addresses defended, until ctx ends. Who calls ends it with the container: until then its network, and the
// interfaces in it, are kept. A container without interfaces has lo, and the settings of a network of its own.
func Attach(ctx context.Context, c Container) error { return attach(ctx, c, patience) }

func attach(ctx context.Context, c Container, patience time.Duration) error {
	ns, err := netns.Open(c.Namespace)
	if err != nil {
		return err
	}
	a := &attaching{Container: c, ns: ns, changes: make(chan struct{}, 1)}
	var cancel context.CancelFunc
	a.ctx, cancel = context.WithCancel(ctx)
	if a.Say == nil {
		a.Say = func(string) {}
	}
	if err = a.attach(patience); err != nil {
		cancel()
		a.work.Wait()
		err = errors.Join(err, a.undo())
		ns.Close()
		return err
	}
	go func() {
		a.work.Wait()
		cancel()
		ns.Close()
	}()
	return nil
}

// attaching are a container's interfaces at work.
type attaching struct {
	Container
	// ctx is that of all that goes on, and work counts it.
	ctx  context.Context
	work sync.WaitGroup
	ns   *netns.Namespace
	nics []*card
	// changes has something in it when something may have changed since it was read.
	changes chan struct{}
}

func (a *attaching) attach(patience time.Duration) error {
	if err := a.ns.Prepare(); err != nil {
		return err
	}
	for place, name := range slices.Sorted(maps.Keys(a.NICs)) {
		n, err := a.make(name, a.NICs[name], place)
		if n != nil {
			a.nics = append(a.nics, n)
		}
		if err != nil {
			return fmt.Errorf("interface %s: %w", name, err)
		}
	}
	if len(a.nics) == 0 {
		return nil
	}
	if err := a.watch(); err != nil {
		return err
	}
	if err := a.each(func(n *card) error { return n.address() }); err != nil {
		return err
	}
	if err := a.settle(patience); err != nil {
		return err
	}
	a.work.Go(func() { a.tell() })
	return nil
}

// each does something for all interfaces at a time, and returns what went wrong with any.
func (a *attaching) each(do func(n *card) error) error {
	failed := make([]error, len(a.nics))
	var all sync.WaitGroup
	for i, n := range a.nics {
		all.Go(func() {
			if err := do(n); err != nil {
				failed[i] = fmt.Errorf("interface %s: %w", n.name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// settle waits until what interfaces should have is there, or for as long as is reasonable.
func (a *attaching) settle(patience time.Duration) error {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		missing, err := a.missing()
		if err != nil || len(missing) == 0 {
			return err
		}
		select {
		case <-a.ctx.Done():
			return a.ctx.Err()
		case <-a.changes:
		case <-limit.C:
			a.Say(fmt.Sprintf("starts without all of its network: %s", strings.Join(missing, "; ")))
			return nil
		}
	}
}
