package wireguard

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/wireguard/plan"
)

// Linked is the feature [wireguard.*].
var Linked = feature.Linked{Name: "wireguard", Units: plan.Units, New: func(d *feature.Deps) feature.Feature {
	return interfaces{d, graph.Names(d.Machine.Now().WireGuard)}
}}

type interfaces struct {
	*feature.Deps
	// planned are those that have units of their own.
	planned []string
}

// Step starts the interface behind "wireguard:NAME", or those that the box's owner has added behind "site-wireguard".
func (t interfaces) Step(unit string) feature.Step {
	name, planned := strings.CutPrefix(unit, "wireguard:")
	return feature.Step{Waiting: t.Random.Waiting, Run: func(ctx context.Context) error {
		if planned {
			return t.start(ctx, name)
		}
		var failed []error
		for _, name := range graph.Names(t.Machine.Now().WireGuard) {
			if !slices.Contains(t.planned, name) {
				failed = append(failed, t.start(ctx, name))
			}
		}
		return errors.Join(failed...)
	}}
}

// start gives an interface its keys and peers, and looks after it from then on.
func (t interfaces) start(ctx context.Context, name string) error {
	last := ""
	one := &Interface{
		Name: name, Row: t.Machine.Now().WireGuard[name], Kernel: Device(name), Ready: t.Random.Ready, Load: t.Kmod.Load, Fact: t.Facts.Fact,
		ByHand: func() bool { return t.News.IsByHand(name) },
		Lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	}
	if err := one.Keys(ctx); err != nil {
		return err
	}
	err := one.Converge(ctx)
	go one.Keep(t.Life, func(err error) {
		if s := err.Error(); s != last { // once each
			last = s
			t.Log.Warn("wireguard " + name + ": " + s)
		}
	})
	return err
}
