package dhcp

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Another machine has the address: the server is told by whom, and asked again after the ten seconds of RFC 2131.
func TestDeclined(t *testing.T) {
	other := net.HardwareAddr{0x52, 0x54, 0, 0xaa, 0xbb, 0xcc}
	var declined *dhcpv4.DHCPv4
	var warned, waiting []string
	next := byte(100)
	sent, leases := live(t, nil, func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		if m.MessageType() == dhcpv4.MessageTypeDecline {
			declined, next = m, 101
			return nil
		}
		return lends(time.Hour, dhcpv4.WithYourIP(net.IPv4(192, 0, 2, next)))(m)
	}, func(w *wire) {
		w.listen(func(text string) { warned = append(warned, text) })
		pass(time.Second)
		w.client.Decline(netip.MustParseAddr("192.0.2.7"), other) // of yesterday
		pass(time.Second)
		w.client.Decline(netip.MustParseAddr("192.0.2.100"), other)
		pass(time.Second)
		what, asked := w.client.Waiting()
		waiting = append(waiting, what+asked)
		pass(10 * time.Second)
		what, asked = w.client.Waiting()
		waiting = append(waiting, what+asked)
	})
	text := "192.0.2.100, which DHCP server 192.0.2.1 lent to lan, belongs to another machine, 52:54:00:aa:bb:cc: declined"
	same(t, "sent", sent, []string{
		"0s DISCOVER to everyone", "0s REQUEST to everyone", "2s DECLINE to everyone", "12s DISCOVER to everyone", "12s REQUEST to everyone",
	})
	same(t, "leases", leases, []string{"0s 192.0.2.100/24 for 1h0m0s", "2s none", "12s 192.0.2.101/24 for 1h0m0s"})
	same(t, "warned", warned, []string{text})
	same(t, "waiting", waiting, []string{text, ""})
	if declined == nil {
		t.Fatal("nothing was declined")
	}
	// RFC 2131, table 5: what a DHCPDECLINE has, and what it has not.
	if got := declined.RequestedIPAddress().String() + " of " + declined.ServerIdentifier().String() + " from " + declined.ClientIPAddr.String(); got != "192.0.2.100 of 192.0.2.1 from 0.0.0.0" {
		t.Errorf("declined %s", got)
	}
	if declined.ParameterRequestList() != nil || declined.Message() != "52:54:00:aa:bb:cc has it" {
		t.Errorf("it asks for %v and says %q", declined.ParameterRequestList(), declined.Message())
	}
}

// A server that says no is named, with its words, while others are asked; silence is called silence.
func TestRefusalIsNamed(t *testing.T) {
	no := func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		if m.MessageType() == dhcpv4.MessageTypeRequest {
			return reply(m, dhcpv4.MessageTypeNak, dhcpv4.WithOption(dhcpv4.OptMessage("not \x1b[2Jhere")))
		}
		return nil
	}
	text := `DHCP server 192.0.2.1 refused 192.0.2.100 on lan: "not \x1b[2Jhere"`
	var warned []string
	listen := func(w *wire) { w.listen(func(text string) { warned = append(warned, text) }) }
	waits := func(w *wire, want string) {
		t.Helper()
		if what, asked := w.client.Waiting(); what+asked != want {
			t.Errorf("waiting for %q, want %q", what+asked, want)
		}
	}
	live(t, nil, lends(time.Hour), func(w *wire) {
		listen(w)
		pass(time.Minute)
		w.be(no)
		pass(30 * time.Minute) // to the renewal
		waits(w, text+"; since then no answer to DHCPDISCOVER on lan (6 sent)")
		w.be(lends(time.Hour))
		pass(time.Hour)
		waits(w, "")
		w.be(silent)
		pass(90 * time.Minute)
		if what, _ := w.client.Waiting(); what != "no answer to DHCPDISCOVER on lan" {
			t.Errorf("in silence it waits for %q", what)
		}
	})
	same(t, "warned", warned, []string{text})

	// Offered and refused again and again: told once.
	warned = nil
	live(t, nil, func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		if r := no(m); r != nil {
			return r
		}
		return lends(time.Hour)(m)
	}, func(w *wire) {
		listen(w)
		pass(30 * time.Second)
		waits(w, text)
	})
	same(t, "warned in a loop", warned, []string{text})
}

// A server whose answers are of no use has answered all the same.
func TestUselessAnswerIsNamed(t *testing.T) {
	for want, spoil := range map[string]dhcpv4.Modifier{
		"DHCP server 192.0.2.1 answers on lan what is of no use: no lease time":                             dhcpv4.WithoutOption(dhcpv4.OptionIPAddressLeaseTime),
		"DHCP server 192.0.2.1 answers on lan what is of no use: 224.0.0.1 can't be this machine's address": dhcpv4.WithYourIP(net.IPv4(224, 0, 0, 1)),
		"a DHCP server answers on lan what is of no use: no server identifier":                              dhcpv4.WithoutOption(dhcpv4.OptionServerIdentifier),
	} {
		live(t, nil, lends(time.Hour, spoil), func(w *wire) {
			pass(2 * time.Second)
			if what, asked := w.client.Waiting(); what+asked != want+"; since then no answer to DHCPDISCOVER on lan (2 sent)" {
				t.Errorf("waiting for %q, want %q first", what+asked, want)
			}
		})
	}
}

// A server that lends again and again what another machine has is asked ever more seldom.
func TestDeclinedAgainAndAgain(t *testing.T) {
	sent, _ := live(t, nil, lends(time.Hour), func(w *wire) {
		for range 1000 {
			pass(time.Second)
			w.client.Decline(netip.MustParseAddr("192.0.2.100"), mac)
		}
	})
	var at []time.Duration
	for _, s := range sent {
		if when, declines := strings.CutSuffix(s, " DECLINE to everyone"); declines {
			d, err := time.ParseDuration(when)
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, d)
		}
	}
	if len(at) < 12 {
		t.Fatalf("%d declined: %q", len(at), sent)
	}
	for i := 1; i < len(at); i++ {
		if gap, long := at[i]-at[i-1], i >= 10; gap < 10*time.Second || long != (gap >= time.Minute) {
			t.Errorf("%v between declines %d and %d", gap, i, i+1)
		}
	}
}
