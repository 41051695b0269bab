package link

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/link/plan"
)

// Linked is the feature of network interfaces. clients6 is nil where DHCPv6 was left out.
func Linked(clients6 Clients6) feature.Linked {
	return feature.Linked{
		Name: "link", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return newLinks(d, clients6) },
		Words: []feature.Word{{Use: "link [dhcp|release|take NAME]", Does: "interfaces; ask by DHCP, hands off, hands on"}},
		Verbs: map[string]func(args []string) int{"link": func(args []string) int { return ctl.Follow(append([]string{"link"}, args...)) }},
	}
}

type links struct {
	*feature.Deps
	// manager is made when the first interface is configured: the machine is what it is then.
	manager func() *Manager
	made    atomic.Bool
	// planned are the interfaces that have units of their own: those of the image and of the kernel line.
	planned map[string]spec.Link
	// limited is why links have not the MTU that their rows state, by unit.
	limited sync.Map
}

func newLinks(d *feature.Deps, clients6 Clients6) *links {
	l := &links{Deps: d, planned: d.Machine.Now().Links()}
	l.manager = sync.OnceValue(func() *Manager {
		defer l.made.Store(true)
		return New(d.Life, d.Machine.Now(), passOn{d, &l.limited}, clients6)
	})
	return l
}

// waiting says what an interface waits for; asking makes no manager.
func (l *links) waiting(name string) string {
	if !l.made.Load() {
		return ""
	}
	return l.manager().Waiting(name)
}

// Step is the work behind "loopback", "link:NAME", "online:NAME", "site-vlans", "site-tunnels" and "network".
func (l *links) Step(unit string) feature.Step {
	kind, name, _ := strings.Cut(unit, ":")
	switch kind {
	case "loopback":
		return feature.Step{Run: func(context.Context) error { return errors.Join(Loopback(), ownRedirects(l.Machine.Now())) }}
	case "link":
		return feature.Step{
			Run:     func(ctx context.Context) error { return l.manager().Configure(ctx, name) },
			Waiting: func() string { return l.waiting(name) },
		}
	case "online":
		return feature.Step{
			Run:     func(ctx context.Context) error { return l.manager().Online(ctx, name) },
			Waiting: func() string { return l.waiting(name) },
		}
	case "site-vlans":
		return l.adds("vlan")
	case "site-tunnels":
		return l.adds("wireguard")
	case "network": // a name for all that it needs
		return feature.Step{Run: func(context.Context) error { return nil }}
	}
	panic("BUG: no step for unit " + unit)
}

// Start keeps what bridges hand to the packet filter as it is stated.
func (l *links) Start() { go l.keepBridgeFilter() }

// passOn tells the rest of the machine what becomes of interfaces.
type passOn struct {
	*feature.Deps
	limited *sync.Map
}

func (p passOn) Fact(f fact.Fact)                          { p.Facts.Fact(f) }
func (p passOn) Addresses()                                { p.News.Addresses() }
func (p passOn) TimeServers(from string, servers []string) { p.News.TimeServers(from, servers) }
func (p passOn) Resolver()                                 { p.News.Resolver() }

func (p passOn) Warn(what string) { p.Log.Warn(what) }

// Contested shows what degrades nothing.
func (p passOn) Contested(name, what string) {
	p.Facts.Note("contested:"+name, what)
	if what == "" {
		p.Log.Info("the addresses of " + name + " are no other machine's any more")
		return
	}
	p.Log.Warn(what)
}

// Missing keeps the state of "online:NAME" true.
func (p passOn) Missing(name, what string) {
	var trouble error
	if what != "" {
		trouble = errors.New(what)
	}
	p.Outcomes.SetTrouble("online:"+name, trouble)
}
