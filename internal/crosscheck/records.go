package crosscheck

import (
	"net"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
)

// wantedServers is the number of time servers of which one may be wrong.
const wantedServers = 3

func (c *crosser) timeServers() {
	t := c.p.Time
	for i, server := range t.Servers {
		host, _ := server.Split()
		c.server(problem.JoinIndex("time.servers", i), host)
		if slices.ContainsFunc(t.Servers[:i], server.Same) {
			c.Bad(problem.JoinIndex("time.servers", i), "%s is named already; accepted: each server once, for each has one vote", server)
		}
	}
	if n := len(t.Servers); n > 0 && n < wantedServers && !t.DHCP {
		c.Of("time.dhcp").Warn("time.servers", "%d of at least %d: of two that disagree nobody can say which one is right", n, wantedServers)
	}
}

func (c *crosser) logServer() {
	scheme, address := c.p.Log.Remote.Split()
	if host, _, err := net.SplitHostPort(address); err == nil {
		c.server("log.remote", host)
	}
	if scheme == "tls" && c.p.Log.CA == "" {
		c.Of("log.ca").Bad("log.remote", "needs log.ca: an image brings no certificates that it would trust by itself; accepted: the path of a PEM file in the image")
	}
}
