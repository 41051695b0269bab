package main

import (
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/imgbuild/imgbuild/internal/strangers"
)

// places is how many connections there may be at a time. A client sends little and is sent a few kilobytes.
const places = 64

// gate lets those in who may ask, and so many at a time.
type gate struct {
	from   []netip.Prefix
	places strangers.Places
}

func newGate(from []netip.Prefix) *gate {
	return &gate{from: from, places: strangers.Places{Most: places}}
}

// guard is a listener without those who are not let in: their connections are closed at once.
func (g *gate) guard(l net.Listener) net.Listener { return guarded{l, g} }

type guarded struct {
	net.Listener
	*gate
}

func (l guarded) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if who := addressOf(c); l.welcome(who) && l.places.Enter(who) {
			return &visitor{Conn: c, leave: sync.OnceFunc(func() { l.places.Leave(who) })}, nil
		}
		c.Close()
	}
}

func (g *gate) welcome(who netip.Addr) bool {
	return len(g.from) == 0 || slices.ContainsFunc(g.from, func(p netip.Prefix) bool { return p.Contains(who) })
}

func addressOf(c net.Conn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// visitor is a connection that has a place until it is closed.
type visitor struct {
	net.Conn
	leave func()
}

func (v *visitor) Close() error {
	defer v.leave()
	return v.Conn.Close()
}
