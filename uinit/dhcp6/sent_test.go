package dhcp6

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/insomniacslk/dhcp/dhcpv6"
)

// Every message that the client has, read by a library that shares no code with the one that makes them.
func TestWhatIsSent(t *testing.T) {
	const (
		me      = " 808080 ClientID=00030001525400123456 ElapsedTime="
		hint    = "0005001820010db800000000000000000000000a0000000000000000"
		wishes  = " Oro=00170018001f00380052 ClientFQDN=0003626f78"
		binding = " IA_NA=001234560000000000000000" + hint
	)
	want := []string{
		"Solicit" + me + "0000 RapidCommit= IA_NA=001234560000000000000000" + wishes,
		"Solicit" + me + "0069 RapidCommit= IA_NA=001234560000000000000000" + wishes,
		"Request" + me + "0000 ServerID=61" + binding + wishes,
		"Renew" + me + "0000 ServerID=61" + binding + wishes,
		"Renew" + me + "03e8 ServerID=61" + binding + wishes,
		"Renew" + me + "0bb8 ServerID=61" + binding + wishes,
		"Rebind" + me + "0000" + binding + wishes,
		"Decline" + me + "0000 ServerID=61" + binding,
		"Confirm" + me + "0000" + binding,
		"InformationRequest" + me + "0000 Oro=00170018001f002000380052",
	}
	var got []string
	synctest.Test(t, func(t *testing.T) {
		run := func(stateless bool, last *Lease, during func(*wire, *Client)) {
			w := &wire{start: time.Now(), arrived: make(chan []byte, 8), server: silent}
			c := New("lan", mac, func() string { return "box" }, stateless)
			c.Rand = func() float64 { return 0.5 }
			done := make(chan error)
			go func() { done <- c.Run(t.Context(), w, last, func(*Lease) {}) }()
			during(w, c)
			close(w.arrived)
			<-done
			for _, b := range w.sent {
				got = append(got, read(t, b))
			}
		}
		address := netip.MustParseAddr("2001:db8::a")
		run(false, nil, func(w *wire, c *Client) {
			time.Sleep(time.Second)
			w.be(serves("a", address.String(), 100, 160, 200))
			time.Sleep(5 * time.Second)
			w.be(silent)
			time.Sleep(155 * time.Second)
			w.be(serves("a", address.String(), 100, 160, 200))
			time.Sleep(10 * time.Second)
			w.be(silent)
			c.Decline(address)
			time.Sleep(time.Second / 2)
		})
		last := &Lease{Address: address, Server: "a", Start: time.Now(), Renew: time.Hour, Rebind: time.Hour, Valid: time.Hour}
		run(false, last, func(*wire, *Client) { time.Sleep(time.Second / 2) })
		run(true, nil, func(*wire, *Client) { time.Sleep(time.Second / 2) })
	})
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

// read is a message in words: its kind, and its options with their data in hex.
func read(t *testing.T, b []byte) string {
	t.Helper()
	var m layers.DHCPv6
	if err := m.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %x", m.MsgType, m.TransactionID)
	for _, o := range m.Options {
		text += fmt.Sprintf(" %v=%x", o.Code, o.Data)
	}
	return text
}

// A server's option that makes no sense costs nothing but that option; the library's own types would refuse the whole message.
func TestMalformedOptionIsLeftOut(t *testing.T) {
	b := says(dhcpv6.MessageTypeReply, server("a"), option(dhcpv6.OptionPreference, nil), option(dhcpv6.OptionDNSRecursiveNameServer, []byte("short")),
		option(dhcpv6.OptionIAPD, []byte{1}), lent("2001:db8::1", 1, 2, 3, 4)).ToBytes()
	if m, err := dhcpv6.MessageFromBytes(b); err == nil {
		t.Errorf("the library reads it as %v", m)
	}
	m, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	l, err := leaseFrom(m, [4]byte{0, 0x12, 0x34, 0x56}, time.Unix(0, 0))
	if err != nil || l.Address != netip.MustParseAddr("2001:db8::1") || l.DNS != nil {
		t.Errorf("%+v, %v", l, err)
	}
}
