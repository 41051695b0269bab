//go:build !nowireguard

package main

import (
	"context"
	"net"
	"net/netip"

	"github.com/imgbuild/imgbuild/uinit/wireguard"
)

// startTunnel gives a WireGuard interface its keys and peers, and looks after it from then on.
func (w *worker) startTunnel(ctx context.Context, name string) error {
	last := ""
	t := &wireguard.Tunnel{
		Name: name, Row: w.machine.WireGuard[name], Kernel: wireguard.Device(name), Ready: w.poolReady, Fact: w.board.Fact,
		Lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	}
	if err := t.Keys(ctx); err != nil {
		return err
	}
	err := t.Converge(ctx)
	go t.Keep(w.life, func(err error) {
		if s := err.Error(); s != last { // once each
			last = s
			w.log.Warn("tunnel " + name + ": " + s)
		}
	})
	return err
}
