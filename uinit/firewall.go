//go:build !nofirewall

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/uinit/firewall"
)

// filterPackets lets interfaces come up once rules are in force, whichever these are.
func (w *worker) filterPackets(ctx context.Context) error {
	if rules, err := os.ReadFile(w.machine.Firewall.Rules); err == nil { // nft will say what is wrong with it
		for _, name := range firewall.Modules(string(rules)) {
			_ = w.modules.Load(name)
		}
	}
	state, err := firewall.Load(ctx, firewall.System{Env: environment()}, w.machine)
	w.board.Fact("firewall.state", string(state))
	if wrong := (*firewall.RulesError)(nil); errors.As(err, &wrong) {
		w.board.Fact("firewall.problems", wrong.Problems())
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
	return firewall.System{Env: environment()}.Text(ctx, firewall.Join(w.machine.Firewall.Flow.Table, link))
}

// harden sets what a packet filter expects of the kernel's network.
func (w *worker) harden() error {
	if w.machine.Firewall == nil {
		return nil
	}
	return firewall.Harden("/proc/sys/net", firewall.Settings(w.machine.Firewall))
}
