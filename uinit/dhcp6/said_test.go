package dhcp6

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// A server that has nothing, or says no, or what is of no use has answered: it is named, with its words.
func TestRefusalsAreNamed(t *testing.T) {
	status := func(text string) dhcpv6.Option {
		return option(dhcpv6.OptionStatusCode, append([]byte{0, 2}, text...))
	}
	solicits := func(o ...dhcpv6.Option) func(*message) []*message {
		return func(m *message) []*message { return []*message{says(dhcpv6.MessageTypeAdvertise, o...)} }
	}
	unbound := func(m *message) []*message {
		if m.MessageType != dhcpv6.MessageTypeRenew {
			return nil
		}
		inner := options{code(3)}.ToBytes()
		return []*message{says(dhcpv6.MessageTypeReply, server("ab"), option(dhcpv6.OptionIANA, append([]byte{0, 0x12, 0x34, 0x56, 0, 0, 0, 0, 0, 0, 0, 0}, inner...)))}
	}
	for name, tt := range map[string]struct {
		first, then func(*message) []*message
		what, asked string
		warned      []string
	}{
		"silence": {silent, silent, "no answer to DHCPv6 SOLICIT on lan", " (4 sent)", nil},
		"no addresses": {
			solicits(server("ab"), status("pool\x1b[2J empty")), nil,
			`DHCPv6 server 6162 lends nothing to lan: refused, NoAddrsAvail (status 2): "pool\x1b[2J empty"; since then no answer to DHCPv6 SOLICIT on lan`, " (4 sent)",
			[]string{`DHCPv6 server 6162 lends nothing to lan: refused, NoAddrsAvail (status 2): "pool\x1b[2J empty"`},
		},
		"no words": {
			solicits(server("ab"), status("")), silent,
			`DHCPv6 server 6162 lends nothing to lan: refused, NoAddrsAvail (status 2); since then no answer to DHCPv6 SOLICIT on lan`, " (4 sent)",
			[]string{`DHCPv6 server 6162 lends nothing to lan: refused, NoAddrsAvail (status 2)`},
		},
		"an answer without an address": {
			solicits(server("ab")), nil, `DHCPv6 server 6162 lends nothing to lan: no address; since then no answer to DHCPv6 SOLICIT on lan`, " (4 sent)",
			[]string{`DHCPv6 server 6162 lends nothing to lan: no address`},
		},
		"an answer of nobody": {
			solicits(), nil, `a DHCPv6 server lends nothing to lan: no server identifier; since then no answer to DHCPv6 SOLICIT on lan`, " (4 sent)",
			[]string{`a DHCPv6 server lends nothing to lan: no server identifier`},
		},
		"a renewal": {
			serves("ab", "2001:db8::a", 3, 6, 400), unbound,
			`DHCPv6 server 6162 lends nothing to lan: refused, NoBinding (status 3): "no"; since then no answer to DHCPv6 SOLICIT on lan`, " (3 sent)",
			[]string{`DHCPv6 server 6162 lends nothing to lan: refused, NoBinding (status 3): "no"`},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{start: time.Now(), arrived: make(chan []byte, 8), server: tt.first}
			var warned []string
			c := New("lan", mac, func() string { return "box" }, false)
			c.Rand, c.Warn = func() float64 { return 0.5 }, func(text string) { warned = append(warned, text) }
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- c.Run(ctx, w, nil, func(*Lease) {}) }()
			time.Sleep(2 * time.Second)
			if tt.then != nil {
				w.be(tt.then)
			}
			time.Sleep(10 * time.Second)
			if what, asked := c.Waiting(); what != tt.what || asked != tt.asked {
				t.Errorf("%s: waiting for %q%q, want %q%q", name, what, asked, tt.what, tt.asked)
			}
			if !slices.Equal(warned, tt.warned) {
				t.Errorf("%s: warned %q, want %q", name, warned, tt.warned)
			}
			stop()
			<-done
		})
	}
}

// An address that another machine has is named, and nothing is said any more once there is another one.
func TestDeclinedIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{start: time.Now(), arrived: make(chan []byte, 8), server: serves("ab", "2001:db8::a", 0, 0, 3600)}
		var warned []string
		c := New("lan", mac, nil, false)
		c.Rand, c.Warn = func() float64 { return 0.5 }, func(text string) { warned = append(warned, text) }
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx, w, nil, func(*Lease) {}) }()
		time.Sleep(3 * time.Second)
		w.be(silent)
		c.Decline(netip.MustParseAddr("2001:db8::a"))
		synctest.Wait()
		text := "2001:db8::a, which DHCPv6 server 6162 lent to lan, belongs to another machine: declined"
		if what, asked := c.Waiting(); what+asked != text+"; since then no answer to DHCPv6 DECLINE on lan (1 sent)" {
			t.Errorf("waiting for %q", what+asked)
		}
		w.be(serves("ab", "2001:db8::b", 0, 0, 3600))
		time.Sleep(time.Minute)
		if what, asked := c.Waiting(); what+asked != "" {
			t.Errorf("waiting for %q with a lease", what+asked)
		}
		if want := []string{text}; !slices.Equal(warned, want) {
			t.Errorf("warned %q, want %q", warned, want)
		}
		stop()
		<-done
	})
}
