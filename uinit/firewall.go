//go:build !nofirewall

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/firewall"
)

// filterPackets lets interfaces come up once rules are in force, whichever these are.
func (w *worker) filterPackets(ctx context.Context) error {
	if rules, err := os.ReadFile(w.Machine.Now().Firewall.Rules); err == nil { // nft will say what is wrong with it
		for _, name := range firewall.Modules(string(rules)) {
			_ = w.Kmod.Load(name)
		}
	}
	state, err := firewall.Load(ctx, firewall.System{Env: feature.Environment()}, w.Machine.Now())
	w.Facts.Fact("firewall.state", string(state))
	if wrong := (*firewall.RulesError)(nil); errors.As(err, &wrong) {
		w.Facts.Fact("firewall.problems", wrong.Problems())
	}
	if state == firewall.None {
		return fmt.Errorf("no rules are in force, so no interface comes up: %w", err)
	}
	w.ruleless = err
	return nil
}

// ownRules says whether the rules in force are the profile's. It is a unit of its own: interfaces
// may come up under the fallback, but that is a state to be seen.
func (w *worker) ownRules(context.Context) error {
	if w.ruleless != nil {
		return fmt.Errorf("everything is dropped but the management path: %w", w.ruleless)
	}
	return nil
}

// joinFlows lets an interface take the short way.
func (w *worker) joinFlows(ctx context.Context, link string) error {
	return firewall.System{Env: feature.Environment()}.Text(ctx, firewall.Join(w.Machine.Now().Firewall.Flow.Table, link))
}

// harden sets what a packet filter expects of the kernel's network.
func (w *worker) harden() error {
	if w.Machine.Now().Firewall == nil {
		return nil
	}
	return firewall.Harden("/proc/sys/net", firewall.Settings(w.Machine.Now().Firewall))
}
