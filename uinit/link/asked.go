package link

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// DHCP asks by DHCPv4 on an interface, also one of which no row speaks, from now on and until the machine goes down; it takes one
// back that is by hand. It returns when there is a lease. waiting hears what it waits for, whenever that may have changed.
func (m *Manager) DHCP(ctx context.Context, name string, waiting func(string)) error {
	begun := make(chan error, 1)
	if err := m.call(ctx, func(w *work) { begun <- w.ask4(name) }); err != nil {
		return err
	}
	if err := <-begun; err != nil {
		return err
	}
	return m.await(ctx, name, func(v view) (bool, error) {
		waiting(v.waiting())
		return v.lease != nil && v.configured(), v.err
	})
}

// call has the manager's goroutine do something, which must not wait for it.
func (m *Manager) call(ctx context.Context, do func(*work)) error {
	m.start.Do(m.run)
	if err := m.noWorker(); err != nil {
		return err
	}
	select {
	case m.calls <- do:
		return nil
	case <-m.ctx.Done():
		return m.ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask4 has a row ask by DHCPv4, or makes one that does for an interface that has none.
func (w *work) ask4(name string) error {
	if err := w.observe(); err != nil {
		return err
	}
	n, there := w.state.named(name)
	r, planned := w.rows[name]
	switch {
	case !planned && !there:
		known := slices.Sorted(maps.Keys(w.rows))
		for _, n := range w.state.NICs {
			if _, planned := w.rows[n.Name]; !planned && n.Name != "lo" {
				known = append(known, n.Name)
			}
		}
		return fmt.Errorf("there is no interface %q%s; accepted: %s", name, suggest.DidYouMean(name, known), strings.Join(known, ", "))
	case r.Master != "" || n.Master != 0:
		return fmt.Errorf("%s is a port of a bond or bridge, which has the addresses", name)
	case planned:
		r.DHCP4 = true
	default:
		e := spec.Ethernet{Match: spec.Match{MAC: n.MAC}, Addressing: spec.Addressing{DHCP4: true}}
		r = rowsOf(&spec.Machine{Ethernet: map[string]spec.Ethernet{name: e}})[name]
		w.ethernet = maps.Clone(w.ethernet)
		if w.ethernet == nil {
			w.ethernet = map[string]spec.Ethernet{}
		}
		// It is the row's already, whatever else would match.
		w.ethernet[name], w.assigned[name] = e, n.Index
	}
	w.setRow(name, r)
	w.begin(name)
	w.active[name].dirty = true
	if w.byHand[name] {
		return w.handOver([]string{name}, false)
	}
	return nil
}

// setRow changes what is wanted. Others read it.
func (m *Manager) setRow(name string, r row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[name] = r
}

// wanted are the rows as they are at this moment, for who is not the manager's goroutine.
func (m *Manager) wanted() map[string]row {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.rows)
}
