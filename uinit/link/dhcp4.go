package link

import (
	"context"
	"net"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// retryClient is how long a DHCP client that could not start waits for another try.
const retryClient = time.Second

// runDHCP lets a DHCP client run on the link exactly while there is carrier. It is stopped when a cable is pulled; the
// address stays until the lease is over, and when the cable is back the server is asked whether it is still good.
func (w *work) runDHCP(name string, a *active) {
	n, ok := w.state.nic(a.nic)
	should := ok && !w.byHand[name] && w.rows[name].DHCP4 && a.applied && n.Up && n.Carrier
	if should && a.asking != nil && a.asking.mac != n.Address {
		a.halt() // the bond has another port's address now
	}
	switch {
	case should && a.asking == nil:
		mac, err := net.ParseMAC(string(n.Address))
		if err != nil {
			return
		}
		ctx, stop := context.WithCancel(w.ctx)
		client := dhcp.New(name, mac)
		client.Hostname, client.Warn = hostName, func(text string) { w.warn(ctx, text) }
		a.asking = &asking{client: client, stop: stop, mac: n.Address}
		go w.ask(ctx, a.asking, name, n.Index, a.lease)
	case !should:
		a.halt()
	}
}

func (w *work) stopAll() {
	for _, a := range w.active {
		a.halt()
		a.halt6()
	}
}

// ask runs a client until it is stopped or its socket breaks, which is tried again after a while.
func (m *Manager) ask(ctx context.Context, who *asking, name string, nic int, last *dhcp.Lease) {
	socket, err := m.open(nic, name)
	if err == nil {
		_ = who.client.Run(ctx, socket, last, func(l *dhcp.Lease) { m.post(ctx, who, name, l) })
		socket.Close()
	}
	select {
	case <-ctx.Done():
		return
	case <-time.After(retryClient):
	}
	select {
	case <-ctx.Done():
	case m.calls <- func(w *work) {
		if a := w.active[name]; a.asking == who {
			a.asking = nil
		}
	}:
	}
}

// post hands a lease to the manager's goroutine. A client that was stopped meanwhile has no say.
func (m *Manager) post(ctx context.Context, who *asking, name string, l *dhcp.Lease) {
	select {
	case <-ctx.Done():
	case m.calls <- func(w *work) {
		if a := w.active[name]; a.asking == who {
			n, _ := w.state.nic(a.nic)
			a.lend(w.rows[name].uses4(l), !n.NoARP)
		}
	}:
	}
}

// warn tells the listener of what a client says besides leases.
func (m *Manager) warn(ctx context.Context, text string) {
	select {
	case <-ctx.Done():
	case m.calls <- func(w *work) { w.listener.Warn(text) }:
	}
}

// asking is a DHCP client at work.
type asking struct {
	client *dhcp.Client
	stop   context.CancelFunc
	mac    spec.MAC
}

// halt stops the row's client, if there is one.
func (a *active) halt() {
	if a.asking != nil {
		a.asking.stop()
		a.asking, a.fresh = nil, nil
	}
}
