package dhcp6

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// wire is a Conn whose other end is a function: the server. It writes down what was sent when.
type wire struct {
	start   time.Time
	log     []string
	sent    [][]byte
	arrived chan []byte

	mu     sync.Mutex
	server func(*message) []*message
}

func (w *wire) be(server func(*message) []*message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = server
}

func (w *wire) Receive() <-chan []byte { return w.arrived }

func (w *wire) Send(b []byte) error {
	m, err := parse(b)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, b)
	w.log = append(w.log, fmt.Sprintf("%v %v", time.Since(w.start).Round(time.Second), m.MessageType))
	for _, r := range w.server(m) {
		r.TransactionID = m.TransactionID
		r.AddOption(option(dhcpv6.OptionClientID, data(m.Options.Options, dhcpv6.OptionClientID)))
		w.arrived <- r.ToBytes()
	}
	return nil
}

var mac = net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}

func u32(numbers ...uint32) (b []byte) {
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

func lent(address string, t1, t2, preferred, valid uint32) dhcpv6.Option {
	a := options{option(dhcpv6.OptionIAAddr, append(netip.MustParseAddr(address).AsSlice(), u32(preferred, valid)...))}
	return option(dhcpv6.OptionIANA, append(append([]byte{0, 0x12, 0x34, 0x56}, u32(t1, t2)...), a.ToBytes()...))
}

func server(id string) dhcpv6.Option { return option(dhcpv6.OptionServerID, []byte(id)) }

// says is a message of some options.
func says(k kind, o ...dhcpv6.Option) *message {
	return &message{MessageType: k, Options: dhcpv6.MessageOptions{Options: o}}
}

func silent(*message) []*message { return nil }

// serves lends an address; the first solicitation is answered by an advertisement.
func serves(id, address string, t1, t2, valid uint32, more ...dhcpv6.Option) func(*message) []*message {
	return func(m *message) []*message {
		k := dhcpv6.MessageTypeReply
		if m.MessageType == dhcpv6.MessageTypeSolicit {
			k = dhcpv6.MessageTypeAdvertise
		}
		if s := data(m.Options.Options, dhcpv6.OptionServerID); s != nil && string(s) != id {
			return nil
		}
		return []*message{says(k, append([]dhcpv6.Option{server(id), lent(address, t1, t2, valid, valid)}, more...)...)}
	}
}

func code(n uint16) dhcpv6.Option {
	return option(dhcpv6.OptionStatusCode, []byte{byte(n >> 8), byte(n), 'n', 'o'})
}

func TestClient(t *testing.T) {
	dns := option(dhcpv6.OptionDNSRecursiveNameServer, netip.MustParseAddr("2001:db8::53").AsSlice())
	tests := []struct {
		what      string
		stateless bool
		last      *Lease
		run       func(w *wire, c *Client)
		log, told []string
	}{
		{"lease, renewed by its server, then its server is gone, another one rebinds, and it ends", false, nil, func(w *wire, c *Client) {
			w.be(serves("a", "2001:db8::100", 100, 160, 200, dns))
			time.Sleep(90 * time.Second)
			w.be(func(m *message) []*message {
				if m.MessageType != dhcpv6.MessageTypeRenew {
					return nil
				}
				return serves("a", "2001:db8::100", 100, 160, 200)(m)
			})
			time.Sleep(50 * time.Second)
			w.be(serves("b", "2001:db8::100", 0, 0, 200))
			time.Sleep(130 * time.Second)
			w.be(silent)
			time.Sleep(170 * time.Second)
		}, []string{"0s SOLICIT", "1s REQUEST", "1m41s RENEW", "3m21s RENEW", "3m31s RENEW", "3m51s RENEW", "4m21s REBIND", "6m1s RENEW", "6m11s RENEW", "6m31s RENEW", "7m1s REBIND", "7m11s REBIND"}, nil},
		{"two servers, the better liked one wins though it comes second", false, nil, func(w *wire, c *Client) {
			w.be(func(m *message) []*message {
				return append(serves("a", "2001:db8::a", 0, 0, 3600)(m), serves("b", "2001:db8::b", 0, 0, 3600, option(dhcpv6.OptionPreference, []byte{7}))(m)...)
			})
			time.Sleep(time.Minute)
		}, []string{"0s SOLICIT", "1s REQUEST"}, []string{"1s 2001:db8::b 1h0m0s [] []"}},
		{"a server that must be taken, and one that commits at once", false, nil, func(w *wire, c *Client) {
			w.be(func(m *message) []*message {
				r := serves("a", "2001:db8::a", 0, 0, 3600, option(dhcpv6.OptionRapidCommit, nil))(m)
				r[0].MessageType = dhcpv6.MessageTypeReply
				return r
			})
			time.Sleep(time.Minute)
		}, []string{"0s SOLICIT"}, []string{"0s 2001:db8::a 1h0m0s [] []"}},
		{"nobody has an address: asked ever more seldom, as the server wants it", false, nil, func(w *wire, c *Client) {
			w.be(func(m *message) []*message {
				return []*message{says(dhcpv6.MessageTypeAdvertise, server("a"), code(2), option(dhcpv6.OptionSolMaxRT, u32(60)))}
			})
			time.Sleep(5 * time.Minute)
		}, []string{"0s SOLICIT", "1s SOLICIT", "3s SOLICIT", "7s SOLICIT", "16s SOLICIT", "33s SOLICIT", "1m6s SOLICIT", "2m6s SOLICIT", "3m6s SOLICIT", "4m6s SOLICIT"}, nil},
		{"somebody has the address: given back, another one asked for", false, nil, func(w *wire, c *Client) {
			w.be(serves("a", "2001:db8::a", 0, 0, 3600))
			time.Sleep(3 * time.Second)
			c.Decline(netip.MustParseAddr("2001:db8::a"))
			w.be(serves("a", "2001:db8::b", 0, 0, 3600))
			time.Sleep(time.Minute)
		}, []string{"0s SOLICIT", "1s REQUEST", "3s DECLINE", "4s SOLICIT", "5s REQUEST"},
			[]string{"1s 2001:db8::a 1h0m0s [] []", "3s ended", "5s 2001:db8::b 1h0m0s [] []"}},
		{"the binding is unknown to the server that comes back", false, nil, func(w *wire, c *Client) {
			w.be(serves("a", "2001:db8::a", 10, 20, 40))
			time.Sleep(5 * time.Second)
			w.be(func(m *message) []*message {
				if m.MessageType == dhcpv6.MessageTypeRenew {
					inner := options{code(3)}.ToBytes()
					return []*message{says(dhcpv6.MessageTypeReply, server("a"), option(dhcpv6.OptionIANA, append([]byte{0, 0x12, 0x34, 0x56, 0, 0, 0, 0, 0, 0, 0, 0}, inner...)))}
				}
				return serves("a", "2001:db8::c", 1000, 2000, 4000)(m)
			})
			time.Sleep(20 * time.Second)
		}, []string{"0s SOLICIT", "1s REQUEST", "11s RENEW", "12s SOLICIT", "13s REQUEST"},
			[]string{"1s 2001:db8::a 40s [] []", "11s ended", "13s 2001:db8::c 1h6m40s [] []"}},
		{"the cable is back: confirmed", false, &Lease{Address: netip.MustParseAddr("2001:db8::a"), Server: "a", Renew: time.Hour, Rebind: time.Hour, Valid: 2 * time.Hour}, func(w *wire, c *Client) {
			w.be(func(m *message) []*message { return []*message{says(dhcpv6.MessageTypeReply, code(0))} })
			time.Sleep(time.Minute)
		}, []string{"0s CONFIRM"}, []string{"0s 2001:db8::a 2h0m0s [] []"}},
		{"the cable is back in another network", false, &Lease{Address: netip.MustParseAddr("2001:db8::a"), Server: "a", Renew: time.Hour, Rebind: time.Hour, Valid: 2 * time.Hour}, func(w *wire, c *Client) {
			w.be(func(m *message) []*message {
				if m.MessageType == dhcpv6.MessageTypeConfirm {
					return []*message{says(dhcpv6.MessageTypeReply, code(4))}
				}
				return serves("b", "2001:db8:1::a", 0, 0, 3600)(m)
			})
			time.Sleep(time.Minute)
		}, []string{"0s CONFIRM", "0s SOLICIT", "1s REQUEST"}, []string{"0s ended", "1s 2001:db8:1::a 1h0m0s [] []"}},
		{"information only, and again when it grows old", true, nil, func(w *wire, c *Client) {
			w.be(func(m *message) []*message {
				ntp := options{option(1, netip.MustParseAddr("2001:db8::123").AsSlice()), option(3, []byte("\x04time\x07example\x00"))}
				return []*message{says(dhcpv6.MessageTypeReply, server("a"), dns, option(dhcpv6.OptionNTPServer, ntp.ToBytes()), option(dhcpv6.OptionInformationRefreshTime, u32(1)),
					option(dhcpv6.OptionDomainSearchList, []byte("\x07example\x03net\x00\x02..\x01/\x00")))}
			})
			time.Sleep(11 * time.Minute)
		}, []string{"0s INFORMATION-REQUEST", "10m0s INFORMATION-REQUEST"},
			[]string{"0s invalid IP 0s [2001:db8::53] [2001:db8::123 time.example]", "10m0s invalid IP 0s [2001:db8::53] [2001:db8::123 time.example]"}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{start: time.Now(), arrived: make(chan []byte, 8), server: silent}
				c := New("lan", mac, func() string { return "box" }, test.stateless)
				c.Rand = func() float64 { return 0.5 }
				var told []string
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error)
				if test.last != nil {
					test.last.Start = time.Now()
				}
				go func() {
					done <- c.Run(ctx, w, test.last, func(l *Lease) {
						s := "ended"
						if l != nil {
							s = fmt.Sprintf("%v %v %v %v", l.Address, l.Valid, l.DNS, l.NTP)
						}
						told = append(told, fmt.Sprintf("%v %s", time.Since(w.start).Round(time.Second), s))
					})
				}()
				test.run(w, c)
				stop()
				<-done
				if !slices.Equal(w.log, test.log) {
					t.Errorf("sent %q\nwant %q", w.log, test.log)
				}
				if test.told != nil && !slices.Equal(told, test.told) {
					t.Errorf("told %q\nwant %q", told, test.told)
				}
			})
		})
	}
}

// A server that lends for seconds and knows nothing of it then, or is silent, is not asked in a tight loop, and told once.
func TestLentForSeconds(t *testing.T) {
	for what, then := range map[string][]*message{"refused": {says(dhcpv6.MessageTypeReply, server("a"), code(3))}, "silence": nil} {
		synctest.Test(t, func(t *testing.T) {
			lend := serves("a", "2001:db8::a", 1, 2, 2)
			w := &wire{start: time.Now(), arrived: make(chan []byte, 8), server: func(m *message) []*message {
				if m.MessageType == dhcpv6.MessageTypeRenew || m.MessageType == dhcpv6.MessageTypeRebind {
					return then
				}
				return lend(m)
			}}
			var told int
			var warned []string
			c := New("lan", mac, func() string { return "box" }, false)
			c.Rand, c.Warn = func() float64 { return 0.5 }, func(text string) { warned = append(warned, text) }
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- c.Run(ctx, w, nil, func(*Lease) { told++ }) }()
			time.Sleep(time.Hour)
			stop()
			<-done
			if len(w.log) > 200 || told > 100 || told < 10 || len(warned) > 1 {
				t.Errorf("%s: within an hour %d messages, %d words of leases, warned %q", what, len(w.log), told, warned)
			}
		})
	}
}

func FuzzAnswer(f *testing.F) {
	whole := says(dhcpv6.MessageTypeReply, server("a"), lent("2001:db8::1", 1, 2, 3, 4), option(dhcpv6.OptionDomainSearchList, []byte("\x03net\x00")),
		option(dhcpv6.OptionNTPServer, options{option(3, []byte("\x01a\x00"))}.ToBytes()))
	f.Add(whole.ToBytes())
	f.Add([]byte{7, 0, 0, 0, 0, 3, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			return
		}
		if again := m.ToBytes(); string(again) != string(b) {
			t.Errorf("%x is written as %x", b, again)
		}
		l, err := leaseFrom(m, [4]byte{0, 0x12, 0x34, 0x56}, time.Unix(0, 0))
		if err == nil && (!l.Address.Is6() || l.Valid <= 0 || l.Renew > l.Rebind || l.Rebind > l.Valid || l.Preferred > l.Valid) {
			t.Errorf("lease %+v", l)
		}
		for _, name := range append(l.Domains, l.NTP...) {
			if name == "" || len(name) > 253 {
				t.Errorf("name %q", name)
			}
		}
	})
}
