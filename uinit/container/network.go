package container

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/nic"
	"github.com/imgbuild/imgbuild/uinit/container/plan"
	"github.com/imgbuild/imgbuild/uinit/container/publish"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// networked says whether somebody has to make interfaces for it.
func (one *container) networked() bool { return len(one.cfg.NIC) > 0 || one.cfg.Routed() }

// connect makes a container's interfaces in the network of its first process. What goes on of them ends with ctx.
func (c *containers) connect(ctx context.Context, one *container, h *hook, pid int) error {
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	defer ns.Close()
	if one.cfg.Routed() {
		if err := c.published.Add(ctx, one.name, ns); err != nil {
			return fmt.Errorf("publishing its ports: %w", err)
		}
		h.leave(func() error { return c.published.Remove(context.WithoutCancel(ctx), one.name) })
		c.addressed(one, spec.ContainerHost0, []netip.Prefix{netip.PrefixFrom(publish.Address(c.Machine.Now(), one.name), 32)})
	}
	return nic.Attach(ctx, nic.Container{
		Name: one.name, NICs: one.cfg.NIC, Namespace: ns, Host: string(c.Machine.Now().Hostname),
		Say:     func(line string) { c.Programs.Say("container:"+one.name, "uinit: "+line) },
		Changed: func(nic string, addresses []netip.Prefix) { c.addressed(one, nic, addresses) },
	})
}

// addressed notes the addresses of one of a container's interfaces.
func (c *containers) addressed(one *container, nic string, addresses []netip.Prefix) {
	one.mu.Lock()
	if one.addresses == nil {
		one.addresses = map[string][]netip.Prefix{}
	}
	one.addresses[nic] = slices.Clone(addresses)
	one.mu.Unlock()
	c.Facts.Fact(plan.Addresses.Of(one.name).Is(one.shown()))
}

// shown are a container's addresses as people write them.
func (one *container) shown() []string {
	one.mu.Lock()
	defer one.mu.Unlock()
	all := []string{}
	for _, nic := range graph.Names(one.addresses) {
		for _, a := range one.addresses[nic] {
			if !a.Addr().IsLinkLocalUnicast() {
				all = append(all, a.String())
			}
		}
	}
	return all
}

// disconnected forgets the addresses of a run that is over.
func (c *containers) disconnected(one *container) {
	one.mu.Lock()
	known := one.addresses != nil
	one.addresses = nil
	one.mu.Unlock()
	if known {
		c.Facts.Fact(plan.Addresses.Of(one.name).Is([]string{}))
	}
}

// prepareNetwork loads what interfaces are made of, and sweeps what an init that crashed has left.
func (c *containers) prepareNetwork(ctx context.Context) error {
	m := c.Machine.Now()
	var failed []error
	for _, want := range plan.NetworkModules(m) {
		failed = append(failed, c.Kmod.Load(want.Module))
	}
	if slices.ContainsFunc(graph.Names(m.Container), func(name string) bool { return m.Container[name].Routed() }) {
		failed = append(failed, c.published.Sweep(ctx), c.keepPublished())
	}
	return errors.Join(failed...)
}
