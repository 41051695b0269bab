package link

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// probeAgain is how long after a probe without an answer the next one goes out; probeLimit is how long an answer may take.
const (
	probeAgain = time.Second
	probeLimit = 5 * time.Second
)

// probe asks whether the far end answers, once all else that makes a link online is there, until it does; anew when that was gone.
func (w *work) probe(name string, a *active, v view) {
	to := v.row.Online.Probe
	if !to.IsValid() {
		return
	}
	if v.unready(false) != "" {
		if a.stopProbing != nil {
			a.stopProbing()
			a.stopProbing = nil
		}
		a.reached = false
		return
	}
	if a.reached || a.stopProbing != nil {
		return
	}
	var ctx context.Context
	ctx, a.stopProbing = context.WithCancel(w.ctx)
	go func() {
		for w.dial(ctx, name, to) != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(probeAgain):
			}
		}
		select {
		case <-ctx.Done():
		case w.calls <- func(w *work) {
			if ctx.Err() == nil {
				w.active[name].reached, w.active[name].stopProbing = true, nil
			}
		}:
		}
	}()
}

// dial connects over an interface, and hangs up. A host that refuses is one that answers.
func dial(ctx context.Context, name string, to netip.AddrPort) error {
	d := net.Dialer{Timeout: probeLimit, Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = unix.BindToDevice(int(fd), name) })
		return errors.Join(err, failed)
	}}
	conn, err := d.DialContext(ctx, "tcp", to.String())
	if errors.Is(err, unix.ECONNREFUSED) {
		return nil
	}
	if err != nil {
		return err
	}
	return conn.Close()
}
