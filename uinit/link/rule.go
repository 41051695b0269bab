package link

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Rule chooses the table of routes for packets of one family.
type Rule struct {
	V6       bool
	From, To netip.Prefix
	Mark     uint32
	Table    int
	Priority int
	// Ours: uinit made it.
	Ours bool
}

// The changes that concern rules.
type (
	// AddRule adds a rule.
	AddRule struct{ Rule Rule }
	// RemoveRule removes one.
	RemoveRule struct{ Rule Rule }
)

func (AddRule) nic() int    { return 0 }
func (RemoveRule) nic() int { return 0 }

func (o AddRule) String() string    { return "ip" + o.Rule.words("add") }
func (o RemoveRule) String() string { return "ip" + o.Rule.words("del") }

func (r Rule) words(verb string) string {
	s := fmt.Sprintf(" rule %s priority %d", verb, r.Priority)
	if r.V6 {
		s = " -6" + s
	}
	if r.From.IsValid() {
		s += " from " + r.From.String()
	}
	if r.To.IsValid() {
		s += " to " + r.To.String()
	}
	if r.Mark != 0 {
		s += fmt.Sprintf(" fwmark %d", r.Mark)
	}
	return fmt.Sprintf("%s table %d", s, r.Table)
}

// rulesOf are the rules a machine states. One that names no address holds for both families.
func rulesOf(m *spec.Machine) []Rule {
	var all []Rule
	for _, name := range slices.Sorted(maps.Keys(m.Rule)) {
		cfg := m.Rule[name]
		r := Rule{From: cfg.From, To: cfg.To, Mark: uint32(cfg.FirewallMark), Table: cfg.Table, Priority: cfg.Priority, Ours: true}
		for _, r.V6 = range []bool{false, true} {
			fits := func(p netip.Prefix) bool { return !p.IsValid() || p.Addr().Is6() == r.V6 }
			if fits(r.From) && fits(r.To) {
				all = append(all, r)
			}
		}
	}
	return all
}

// PlanRules lists the changes that turn the rules there are into those wanted. Rules of others are left alone.
func PlanRules(want, have []Rule) []Op {
	var ops []Op
	for _, r := range have {
		if r.Ours && !slices.Contains(want, r) {
			ops = append(ops, RemoveRule{r})
		}
	}
	for _, r := range want {
		if !slices.Contains(have, r) {
			ops = append(ops, AddRule{r})
		}
	}
	return ops
}

// rule applies what the machine states of rules.
func (w *work) rule() {
	if len(w.rules) == 0 {
		return
	}
	var failed []error
	for _, op := range PlanRules(w.rules, w.state.Rules) {
		failed = append(failed, w.kernel.Do(op))
	}
	w.ruleErr = errors.Join(failed...)
}

func (r Rule) netlink() *netlink.Rule {
	n := netlink.NewRule()
	n.Family, n.Priority, n.Table, n.Mark, n.Protocol = netlink.FAMILY_V4, r.Priority, r.Table, r.Mark, ourProtocol
	if r.V6 {
		n.Family = netlink.FAMILY_V6
	}
	if r.From.IsValid() {
		n.Src = ipNet(r.From)
	}
	if r.To.IsValid() {
		n.Dst = ipNet(r.To)
	}
	return n
}

// readRules lists the rules of both families.
func readRules() ([]Rule, error) {
	var all []Rule
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		rules, err := netlink.RuleList(family)
		if err != nil {
			return nil, fmt.Errorf("listing rules: %w", err)
		}
		for _, r := range rules {
			rule := Rule{V6: family == netlink.FAMILY_V6, Mark: r.Mark, Table: r.Table, Priority: r.Priority, Ours: r.Protocol == ourProtocol}
			rule.From, _ = prefix(r.Src)
			rule.To, _ = prefix(r.Dst)
			all = append(all, rule)
		}
	}
	return all, nil
}
