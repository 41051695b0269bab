package profile

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// needs holds what rows of features wait for to the units that the machine will have.
func (c *crosser) needs() {
	units := c.units()
	for _, f := range features.All() {
		if f.Needs == nil {
			continue
		}
		for _, n := range f.Needs(&c.p.Machine) {
			for i, need := range n.Units {
				if !slices.Contains(units, need) {
					c.unitRef(need).Bad(joinIndex(n.Key, i), "nothing is called %q%s; accepted here: %s", need, suggest.DidYouMean(need, units), strings.Join(units, ", "))
				}
			}
		}
	}
}

// services looks for servers of features that a service of the profile is called like.
func (c *crosser) services() {
	for _, f := range features.All() {
		if f.Services == nil {
			continue
		}
		for _, name := range graph.Names(f.Services(&c.p.Machine)) {
			if _, taken := c.p.Service[name]; taken {
				c.Sure().Of(f.Name).Bad(joinKey("service", name), "is the name of a server that [%s] asks for; accepted: another name", f.Name)
			}
		}
	}
}

// vms holds guests to "imgbuild run".
func (c *crosser) vms() {
	for _, name := range graph.Names(c.p.VM) {
		if v := c.p.VM[name]; v.Memory+spec.VMOverhead > c.p.Run.Memory {
			c.Of("run.memory").Warn(joinKey("vm", name)+".memory", "is %s, which does not fit into run.memory, %s; \"imgbuild run\" and \"imgbuild test\" can't start this guest", v.Memory, c.p.Run.Memory)
		}
	}
}
