package wireguard

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/order"
)

// State is what an interface is set to, or should be.
type State struct {
	Private    Key
	ListenPort int
	Peers      []Peer
}

// Peer is the other end.
type Peer struct {
	Public, Preshared Key
	// Endpoint is where it is; invalid where that is not known.
	Endpoint   netip.AddrPort
	AllowedIPs []netip.Prefix
	// Keepalive in whole seconds; 0 is never.
	Keepalive time.Duration
	// Handshake is when keys were agreed on last; zero is never.
	Handshake time.Time
}

// Op is one change. It prints as the wg(8) command of the same effect, without secrets.
type Op interface{ fmt.Stringer }

// The changes there are.
type (
	// SetDevice sets the private key and the port.
	SetDevice struct {
		Private    Key
		ListenPort int
	}
	// SetPeer adds a peer or sets all that it has. Its endpoint stays where none is stated.
	SetPeer struct{ Peer Peer }
	// RemovePeer removes one.
	RemovePeer struct{ Public Key }
)

func (o SetDevice) String() string {
	s := "wg set private-key (hidden)"
	if o.ListenPort != 0 {
		s += fmt.Sprintf(" listen-port %d", o.ListenPort)
	}
	return s
}

func (o SetPeer) String() string {
	s := "wg set peer " + o.Peer.Public.String()
	if o.Peer.Preshared != (Key{}) {
		s += " preshared-key (hidden)"
	}
	if o.Peer.Endpoint.IsValid() {
		s += " endpoint " + o.Peer.Endpoint.String()
	}
	if o.Peer.Keepalive != 0 {
		s += fmt.Sprintf(" persistent-keepalive %d", o.Peer.Keepalive/time.Second)
	}
	var nets []string
	for _, p := range o.Peer.AllowedIPs {
		nets = append(nets, p.String())
	}
	return s + " allowed-ips " + strings.Join(nets, ",")
}

func (o RemovePeer) String() string { return "wg set peer " + o.Public.String() + " remove" }

// stale is how long an agreement on keys is good for, and then some: a peer that was not heard of since may have moved (REJECT_AFTER_TIME
// of the protocol is 180 s).
const stale = 3 * time.Minute

// Plan lists the changes that turn what the kernel has into what is wanted. A peer that moved while we talked to it stays where it
// is; a silent one is looked for where it should be.
func Plan(want, have State, now time.Time) []Op {
	var ops []Op
	if want.Private != have.Private || want.ListenPort != 0 && want.ListenPort != have.ListenPort {
		ops = append(ops, SetDevice{want.Private, want.ListenPort})
	}
	for _, p := range have.Peers {
		if !slices.ContainsFunc(want.Peers, func(w Peer) bool { return w.Public == p.Public }) {
			ops = append(ops, RemovePeer{p.Public})
		}
	}
	for _, w := range want.Peers {
		i := slices.IndexFunc(have.Peers, func(p Peer) bool { return p.Public == w.Public })
		if i < 0 || !w.same(have.Peers[i], now) {
			ops = append(ops, SetPeer{w})
		}
	}
	return ops
}

func (p Peer) same(have Peer, now time.Time) bool {
	return p.Preshared == have.Preshared && p.Keepalive == have.Keepalive && slices.Equal(sortedNets(p.AllowedIPs), sortedNets(have.AllowedIPs)) &&
		(!p.Endpoint.IsValid() || p.Endpoint == have.Endpoint || have.Endpoint.IsValid() && have.Connected(now))
}

// Connected says that both ends have agreed on keys that are still good.
func (p Peer) Connected(now time.Time) bool {
	return !p.Handshake.IsZero() && now.Sub(p.Handshake) < stale
}

func sortedNets(nets []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, len(nets))
	for i, n := range nets {
		out[i] = n.Masked()
	}
	order.By(out, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out)
}
