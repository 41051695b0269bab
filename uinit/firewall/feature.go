package firewall

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/firewall/plan"
)

// Linked is the feature [firewall].
var Linked = feature.Linked{Name: "firewall", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return &filter{Deps: d} }}

// filter is the packet filter of a boot.
type filter struct {
	*feature.Deps
	firewallErr error // why the rules in force are not the profile's; set before the unit "firewall"
}

// Step is the work behind "filter", "firewall", "firewall-settings" and "flow:NAME".
func (f *filter) Step(unit string) feature.Step {
	kind, link, _ := strings.Cut(unit, ":")
	switch kind {
	case "filter":
		return feature.Step{Run: f.load}
	case "firewall":
		return feature.Step{Run: f.ownRules}
	case "flow":
		return feature.Step{Run: func(ctx context.Context) error { return f.joinFlows(ctx, link) }}
	}
	return feature.Step{Run: f.harden}
}

// load lets interfaces come up once rules are in force, whichever these are.
func (f *filter) load(ctx context.Context) error {
	m := f.Machine.Now()
	if rules, err := os.ReadFile(m.Firewall.Rules); err == nil { // nft will say what is wrong with it
		for _, name := range Modules(string(rules)) {
			_ = f.Kmod.Load(name)
		}
	}
	state, err := Load(ctx, System{Env: feature.Environment()}, m)
	f.Facts.Fact(plan.State.Is(string(state)))
	if wrong := (*RulesError)(nil); errors.As(err, &wrong) {
		f.Facts.Fact(plan.Problems.Is(wrong.Problems()))
	}
	if state == None {
		return fmt.Errorf("no rules are in force, so no interface comes up: %w", err)
	}
	f.firewallErr = err
	return nil
}

// ownRules says whether the rules in force are the profile's. It is a unit of its own: interfaces
// may come up under the fallback, but that is a state to be seen.
func (f *filter) ownRules(context.Context) error {
	if f.firewallErr != nil {
		return fmt.Errorf("everything is dropped but the management path: %w", f.firewallErr)
	}
	return nil
}

// joinFlows lets an interface take the short way.
func (f *filter) joinFlows(ctx context.Context, link string) error {
	return System{Env: feature.Environment()}.Text(ctx, Join(f.Machine.Now().Firewall.Flow.Table, link))
}

// harden sets what a packet filter expects of the kernel's network.
func (f *filter) harden(context.Context) error {
	return Harden("/proc/sys/net", Settings(f.Machine.Now().Firewall))
}
