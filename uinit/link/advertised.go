package link

import (
	"fmt"
	"slices"
)

const (
	// mostAdvertised is how many routes a link takes from routers: whoever is on the network can invent them, and the kernel
	// has room for as many as there is memory.
	mostAdvertised = 1024
	// mostNamed is how many of them a person is shown.
	mostNamed = 32
)

// takesRoutes is the kernel's setting by which routes are taken, up to such a length of their prefix.
const takesRoutes = "ipv6/accept_ra_rt_info_max_plen"

// named says that a router named a route besides the default one.
func (r Route) named() bool { return r.Advertised && r.Dst.Bits() > 0 && r.Via.IsValid() }

// advertised are the routes that routers named, sorted; of too many, the first ones and how many more there are.
func (v view) advertised() []string {
	all := []string{}
	for _, r := range v.routes {
		if r.named() {
			all = append(all, fmt.Sprintf("%v via %v", r.Dst, r.Via))
		}
	}
	slices.Sort(all)
	if more := len(all) - mostNamed; more > 0 {
		return append(all[:mostNamed], fmt.Sprintf("and %d more", more))
	}
	return all
}

// flood notices that routers name more routes than any network has. None is taken then until half of them have gone.
func (w *work) flood(name string, a *active) {
	if !w.rows[name].AllRoutes() {
		return
	}
	n := 0
	for _, r := range w.state.Routes {
		if r.NIC == a.nic && r.named() {
			n++
		}
	}
	if n > mostAdvertised && !a.flooded {
		w.listener.Warn(fmt.Sprintf("%s: routers have named %d routes, and no more than %d are taken: no further ones until there are %d", name, n, mostAdvertised, mostAdvertised/2))
		a.flooded, a.dirty = true, true
	}
	if n < mostAdvertised/2 && a.flooded {
		a.flooded, a.dirty = false, true
	}
}
