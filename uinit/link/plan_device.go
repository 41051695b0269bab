package link

// make makes an interface of software, or makes room for it where something else of no hardware has its name.
// A made one has no index yet: it is configured by the next plan.
func (p *planner) make(w Wanted) {
	n, ok := p.have.named(w.Name)
	switch {
	case ok && w.Device.is(n):
		p.identify(n, w) // before ports join: they get it from a bond, and many drivers refuse that once they are up
		return
	case ok && !n.Virtual:
		p.move(n, p.free(n), n.Up && !p.wanted(n))
	case ok:
		p.do(RemoveDevice{n.Index, n.Name})
	}
	p.do(AddDevice{w.Name, w.MAC, *w.Device})
}

// enslave makes the interface a port of its master, if that is there. A bond takes only what is down, and brings it up itself.
func (p *planner) enslave(n NIC, w Wanted) NIC {
	if w.Master == 0 || n.Master == w.Master {
		return n
	}
	master, ok := p.have.nic(w.Master)
	if !ok {
		return n
	}
	if master.Kind == "bond" && n.Up {
		p.do(SetUp{n.Index, n.Name, false})
		n.Up = false
	}
	p.do(SetMaster{n.Index, n.Name, master.Index, master.Name})
	n.Master = master.Index
	n.Up = n.Up || master.Kind == "bond"
	p.note(n)
	return n
}
