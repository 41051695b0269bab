package wireguard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/wireguard/plan"
)

// Interface is a row of the profile on a kernel.
type Interface struct {
	Name   string
	Row    spec.WireGuard
	Kernel Kernel
	// Ready returns when there is randomness for a key.
	Ready func(context.Context) error
	// Load loads a kernel module, for keys that a host hands over.
	Load func(module string) error
	// Lookup finds addresses of an endpoint's name.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// ByHand says whether it is left to a person; nil: never.
	ByHand func() bool
	// Fact is told what is known, again and again.
	Fact func(fact.Fact)

	private   Key
	preshared map[string]Key
}

// look is how often the kernel is asked what became of the peers: it does not tell by itself.
const look = 5 * time.Second

// Keys reads the keys, or makes the private one.
func (t *Interface) Keys(ctx context.Context) error {
	var err error
	if text := t.Row.PrivateKey; text != "" {
		t.private, err = ParseKey(string(text))
	} else {
		t.private, err = PrivateKey(ctx, t.Row.PrivateKeyFile, t.Load, t.Ready)
	}
	if err != nil {
		return err
	}
	public, err := t.private.Public()
	if err != nil {
		return err
	}
	t.preshared = map[string]Key{}
	t.Fact(plan.PublicKey.Of(t.Name).Is(public.String()))
	for name, p := range t.Row.Peer {
		if p.PresharedKeyFile != (spec.Source{}) {
			if t.preshared[name], err = readKey(p.PresharedKeyFile, t.Load); err != nil {
				return err
			}
		}
	}
	return nil
}

// Keep looks after the interface until ctx ends, once there are keys: endpoints whose names were not to be found, interfaces that came anew. failed
// is told what went wrong.
func (t *Interface) Keep(ctx context.Context, failed func(error)) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if t.ByHand != nil && t.ByHand() {
			continue
		}
		if err := t.Converge(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}

// Converge observes, does what is to be done, and tells.
func (t *Interface) Converge(ctx context.Context) error {
	have, err := t.Kernel.Observe()
	if err != nil {
		return err
	}
	want, unknown := t.want(ctx, have)
	ops := Plan(want, have, time.Now())
	failed := []error{unknown}
	for _, op := range ops {
		failed = append(failed, t.Kernel.Do(op))
	}
	if len(ops) > 0 {
		if have, err = t.Kernel.Observe(); err != nil {
			return errors.Join(append(failed, err)...)
		}
	}
	t.Fact(plan.Port.Of(t.Name).Is(have.ListenPort))
	for name, cfg := range t.Row.Peer {
		public, _ := ParseKey(string(cfg.PublicKey))
		i := slices.IndexFunc(have.Peers, func(p Peer) bool { return p.Public == public })
		p := Peer{}
		if i >= 0 {
			p = have.Peers[i]
		}
		t.Fact(plan.Connected.Of(t.Name, name).Is(p.Connected(time.Now())))
		where := ""
		if p.Endpoint.IsValid() {
			where = p.Endpoint.String()
		}
		t.Fact(plan.Endpoint.Of(t.Name, name).Is(where))
	}
	return errors.Join(failed...)
}

// want is what the row says. Names of endpoints are only looked up for peers that are not connected.
func (t *Interface) want(ctx context.Context, have State) (State, error) {
	s := State{Private: t.private, ListenPort: t.Row.ListenPort}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(t.Row.Peer)) {
		cfg := t.Row.Peer[name]
		public, err := ParseKey(string(cfg.PublicKey))
		if err != nil {
			failed = append(failed, fmt.Errorf("peer %s: %w", name, err))
			continue
		}
		p := Peer{Public: public, Preshared: t.preshared[name], AllowedIPs: cfg.AllowedIPs, Keepalive: time.Duration(cfg.Keepalive).Truncate(time.Second)}
		i := slices.IndexFunc(have.Peers, func(h Peer) bool { return h.Public == public })
		if cfg.Endpoint != "" && (i < 0 || !have.Peers[i].Connected(time.Now())) {
			if p.Endpoint, err = t.resolve(ctx, cfg.Endpoint); err != nil {
				failed = append(failed, fmt.Errorf("peer %s: %w", name, err))
			}
		}
		s.Peers = append(s.Peers, p)
	}
	return s, errors.Join(failed...)
}

func (t *Interface) resolve(ctx context.Context, endpoint string) (netip.AddrPort, error) {
	if e, err := netip.ParseAddrPort(endpoint); err == nil {
		return e, nil
	}
	host, text, err := net.SplitHostPort(endpoint)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not a port", text)
	}
	ctx, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	found, err := t.Lookup(ctx, host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if len(found) == 0 {
		return netip.AddrPort{}, fmt.Errorf("%s has no address", host)
	}
	return netip.AddrPortFrom(found[0].Unmap(), uint16(port)), nil
}
