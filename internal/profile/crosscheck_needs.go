package profile

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// needs holds what a row waits for to the units that the machine will have.
func (c *crosser) needs(key string, needs, units []string) {
	for i, need := range needs {
		if !slices.Contains(units, need) {
			c.unitRef(need).Bad(joinIndex(key+".needs", i), "nothing is called %q%s; accepted here: %s", need, suggest.DidYouMean(need, units), strings.Join(units, ", "))
		}
	}
}

// services looks at what services need beside the machine: its units, and a name that nobody else has.
func (c *crosser) services() {
	units := c.units()
	for _, name := range graph.Names(c.p.Service) {
		c.needs(joinKey("service", name), c.p.Service[name].Needs, units)
	}
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

// vmNeeds looks at what guests need beside the machine: its units, and "imgbuild run".
func (c *crosser) vmNeeds() {
	units := c.units()
	for _, name := range graph.Names(c.p.VM) {
		v, key := c.p.VM[name], joinKey("vm", name)
		c.needs(key, v.Needs, units)
		if v.Memory+spec.VMOverhead > c.p.Run.Memory {
			c.Of("run.memory").Warn(key+".memory", "is %s, which does not fit into run.memory, %s; \"imgbuild run\" and \"imgbuild test\" can't start this guest", v.Memory, c.p.Run.Memory)
		}
	}
}
