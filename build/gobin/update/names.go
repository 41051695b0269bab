package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// names finds addresses by the name servers that the init knows of. There is no file to read them from.
type names struct {
	servers atomic.Pointer[[]netip.AddrPort]
	// limit is how long it may take to find an address and reach it.
	limit time.Duration
}

func (n *names) set(servers []netip.AddrPort) { n.servers.Store(&servers) }

func (n *names) get() []netip.AddrPort {
	if p := n.servers.Load(); p != nil {
		return *p
	}
	return nil
}

// errNoServers is for names where there is nobody to ask.
var errNoServers = errors.New("no name server is known")

// dial connects to a host, by IPv6 or IPv4, whichever answers first (RFC 8305).
func (n *names) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	servers := n.get()
	if _, err := netip.ParseAddr(host); err != nil {
		if len(servers) == 0 {
			return nil, fmt.Errorf("looking up %.100s: %w", host, errNoServers)
		}
		// With a dot at its end a name is whole: nothing of this machine's name is tried behind it.
		address = net.JoinHostPort(strings.TrimSuffix(host, ".")+".", port)
	}
	d := net.Dialer{Timeout: n.limit, Resolver: &net.Resolver{PreferGo: true, Dial: resolvers(servers).dial}}
	return d.DialContext(ctx, network, address)
}

// resolvers are the addresses of name servers, in their order.
type resolvers []netip.AddrPort

// dial opens a way to the name servers, whatever address the resolver thinks of: it knows no other than its own machine's.
func (r resolvers) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	if strings.HasPrefix(network, "udp") {
		return newQuestion(r), nil
	}
	var failed error
	for _, server := range r {
		d := net.Dialer{Timeout: nextServer}
		conn, err := d.DialContext(ctx, network, server.String())
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	return nil, failed
}

// nextServer is how long a name server may take before the next one is asked as well.
const nextServer = time.Second
