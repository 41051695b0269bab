package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// wire is a Conn whose other end is a function: the server. It writes down what was sent when.
type wire struct {
	start   time.Time
	log     []string
	arrived chan *dhcpv4.DHCPv4
	client  *Client

	mu     sync.Mutex
	server server
	// hear is told what the client warns of.
	hear func(string)
}

func (w *wire) listen(hear func(string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hear = hear
}

func (w *wire) warn(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hear != nil {
		w.hear(text)
	}
}

// server answers, or not.
type server func(*dhcpv4.DHCPv4) *dhcpv4.DHCPv4

func silent(*dhcpv4.DHCPv4) *dhcpv4.DHCPv4 { return nil }

func (w *wire) be(s server) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = s
}

func (w *wire) Receive() <-chan *dhcpv4.DHCPv4 { return w.arrived }

func (w *wire) Send(p *dhcpv4.DHCPv4, from, to netip.Addr) error {
	where := "everyone"
	if to.IsValid() && !to.IsUnspecified() {
		where = to.String()
	}
	w.log = append(w.log, fmt.Sprintf("%v %s to %s", time.Since(w.start).Round(time.Second), p.MessageType(), where))
	w.mu.Lock()
	defer w.mu.Unlock()
	// Over the wire and back, as bytes.
	q, err := dhcpv4.FromBytes(p.ToBytes())
	if err != nil {
		return err
	}
	if r := w.server(q); r != nil {
		w.arrived <- r
	}
	return nil
}

var mac = net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}

// lends answers as a server that lends 192.0.2.100 for a duration.
func lends(d time.Duration, more ...dhcpv4.Modifier) server {
	return func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		kind := dhcpv4.MessageTypeOffer
		if m.MessageType() == dhcpv4.MessageTypeRequest {
			kind = dhcpv4.MessageTypeAck
		}
		return reply(m, kind, append([]dhcpv4.Modifier{dhcpv4.WithLeaseTime(uint32(d.Seconds()))}, more...)...)
	}
}

func reply(m *dhcpv4.DHCPv4, kind dhcpv4.MessageType, more ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	server := net.IPv4(192, 0, 2, 1)
	r, err := dhcpv4.NewReplyFromRequest(m, append([]dhcpv4.Modifier{
		dhcpv4.WithMessageType(kind), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(server)),
		dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 100)), dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithRouter(server),
	}, more...)...)
	if err != nil {
		panic(err)
	}
	return r
}

func newClient() *Client {
	c := New("lan", mac)
	c.Rand = func() float64 { return 0.5 }
	return c
}

// live runs a client in virtual time and returns what it sent, and what it said of its lease and when.
func live(t *testing.T, last *Lease, first server, during func(*wire)) (sent, leases []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{start: time.Now(), arrived: make(chan *dhcpv4.DHCPv4, 8), server: first}
		if last != nil {
			last.Start = w.start
		}
		ctx, cancel := context.WithCancel(t.Context())
		c := newClient()
		c.Warn = w.warn
		w.client = c
		done := make(chan error)
		go func() {
			done <- c.Run(ctx, w, last, func(l *Lease) {
				at := time.Since(w.start).Round(time.Second)
				if l == nil {
					leases = append(leases, fmt.Sprint(at, " none"))
				} else {
					leases = append(leases, fmt.Sprint(at, " ", l.Address, " for ", l.Duration))
				}
			})
		}()
		during(w)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the client ended with %v", err)
		}
		sent = w.log
	})
	return sent, leases
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%q\nwant\n%q", what, got, want)
	}
}

// pass lets virtual time go by.
func pass(d time.Duration) { time.Sleep(d); synctest.Wait() }

func TestAcquireAtOnceAndRenew(t *testing.T) {
	sent, leases := live(t, nil, lends(time.Hour), func(*wire) { pass(65 * time.Minute) })
	same(t, "sent", sent, []string{
		"0s DISCOVER to everyone", "0s REQUEST to everyone",
		"30m0s REQUEST to 192.0.2.1", "1h0m0s REQUEST to 192.0.2.1",
	})
	same(t, "leases", leases, []string{
		"0s 192.0.2.100/24 for 1h0m0s", "30m0s 192.0.2.100/24 for 1h0m0s", "1h0m0s 192.0.2.100/24 for 1h0m0s",
	})
}

func TestBackoff(t *testing.T) {
	sent, leases := live(t, nil, silent, func(*wire) { pass(4 * time.Minute) })
	same(t, "sent", sent, []string{
		"0s DISCOVER to everyone", "1s DISCOVER to everyone", "3s DISCOVER to everyone", "7s DISCOVER to everyone",
		"15s DISCOVER to everyone", "31s DISCOVER to everyone", "1m3s DISCOVER to everyone",
		"2m7s DISCOVER to everyone", "3m11s DISCOVER to everyone",
	})
	same(t, "leases", leases, nil)
}

// The server falls silent: renewal by itself, then anybody, then the address is over and the search begins anew.
func TestRenewRebindExpire(t *testing.T) {
	sent, leases := live(t, nil, lends(8*time.Minute), func(w *wire) {
		pass(time.Second)
		w.be(silent)
		pass(8 * time.Minute)
		w.be(lends(8 * time.Minute))
		pass(time.Minute)
	})
	same(t, "sent", sent[:8], []string{
		"0s DISCOVER to everyone", "0s REQUEST to everyone",
		"4m0s REQUEST to 192.0.2.1", "5m30s REQUEST to 192.0.2.1", "6m30s REQUEST to 192.0.2.1",
		"7m0s REQUEST to everyone", "8m0s DISCOVER to everyone", "8m1s DISCOVER to everyone",
	})
	same(t, "leases", leases, []string{"0s 192.0.2.100/24 for 8m0s", "8m0s none", "8m3s 192.0.2.100/24 for 8m0s"})
}

func TestRefusedRenewal(t *testing.T) {
	_, leases := live(t, nil, lends(time.Hour), func(w *wire) {
		pass(time.Minute)
		w.be(func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
			if !m.ClientIPAddr.IsUnspecified() {
				return reply(m, dhcpv4.MessageTypeNak)
			}
			return lends(time.Hour, dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 101)))(m)
		})
		pass(time.Hour)
	})
	same(t, "leases", leases[:3], []string{"0s 192.0.2.100/24 for 1h0m0s", "30m0s none", "30m0s 192.0.2.101/24 for 1h0m0s"})
}

// A server that offers and refuses for ever is not asked in a tight loop.
func TestOfferedAndRefused(t *testing.T) {
	sent, leases := live(t, nil, func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		if m.MessageType() == dhcpv4.MessageTypeRequest {
			return reply(m, dhcpv4.MessageTypeNak)
		}
		return lends(time.Hour)(m)
	}, func(*wire) { pass(30 * time.Second) })
	if len(sent) != 10 {
		t.Errorf("%d messages in 30 s: %q, want 10", len(sent), sent)
	}
	same(t, "leases", leases, nil)
}

// Nor is one that lends for seconds and refuses what it lent, or is silent then; and it is told once.
func TestLentForSeconds(t *testing.T) {
	for what, then := range map[string]server{
		"refused": func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 { return reply(m, dhcpv4.MessageTypeNak) },
		"silence": silent,
	} {
		var warned []string
		sent, leases := live(t, nil, func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
			if m.MessageType() == dhcpv4.MessageTypeRequest && m.ServerIdentifier() == nil {
				return then(m)
			}
			return lends(2 * time.Second)(m)
		}, func(w *wire) {
			w.listen(func(text string) { warned = append(warned, text) })
			pass(time.Hour)
		})
		// A minute between two leases in the end, and four messages for each.
		if len(sent) > 300 || len(leases) > 150 || len(leases) < 60 || len(warned) > 1 {
			t.Errorf("%s: within an hour %d messages, %d words of leases, warned %q", what, len(sent), len(leases), warned)
		}
	}
}

func TestResume(t *testing.T) {
	last := Lease{Address: netip.MustParsePrefix("192.0.2.100/24"), Server: netip.MustParseAddr("192.0.2.1"),
		Duration: time.Hour, Renew: 30 * time.Minute, Rebind: 50 * time.Minute}
	t.Run("agreed", func(t *testing.T) {
		sent, leases := live(t, &last, lends(2*time.Hour), func(*wire) { pass(time.Second) })
		same(t, "sent", sent, []string{"0s REQUEST to everyone"})
		same(t, "leases", leases, []string{"0s 192.0.2.100/24 for 2h0m0s"})
	})
	t.Run("silence: good for as long as it was", func(t *testing.T) {
		sent, leases := live(t, &last, silent, func(*wire) { pass(31 * time.Minute) })
		same(t, "sent", sent, []string{"0s REQUEST to everyone", "1s REQUEST to everyone", "3s REQUEST to everyone", "30m0s REQUEST to 192.0.2.1"})
		same(t, "leases", leases, []string{"7s 192.0.2.100/24 for 1h0m0s"})
	})
	t.Run("refused", func(t *testing.T) {
		sent, leases := live(t, &last, func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
			if m.MessageType() == dhcpv4.MessageTypeRequest && m.ServerIdentifier() == nil {
				return reply(m, dhcpv4.MessageTypeNak)
			}
			return lends(time.Hour)(m)
		}, func(*wire) { pass(time.Second) })
		same(t, "sent", sent, []string{"0s REQUEST to everyone", "0s DISCOVER to everyone", "0s REQUEST to everyone"})
		same(t, "leases", leases, []string{"0s none", "0s 192.0.2.100/24 for 1h0m0s"})
	})
}

// Answers to somebody else, to another question, or without sense are not answers.
func TestForeignAnswers(t *testing.T) {
	bad := map[string]func(*dhcpv4.DHCPv4){
		"another transaction": func(r *dhcpv4.DHCPv4) { r.TransactionID[0] ^= 1 },
		"another machine":     func(r *dhcpv4.DHCPv4) { r.ClientHWAddr = net.HardwareAddr{1, 2, 3, 4, 5, 6} },
		"a request":           func(r *dhcpv4.DHCPv4) { r.OpCode = dhcpv4.OpcodeBootRequest },
		"no address":          func(r *dhcpv4.DHCPv4) { r.YourIPAddr = net.IPv4zero },
		"a group's address":   func(r *dhcpv4.DHCPv4) { r.YourIPAddr = net.IPv4(224, 0, 0, 1) },
		"broadcast":           func(r *dhcpv4.DHCPv4) { r.YourIPAddr = net.IPv4bcast },
		"no lease time":       func(r *dhcpv4.DHCPv4) { r.DeleteOption(dhcpv4.OptionIPAddressLeaseTime) },
		"no server":           func(r *dhcpv4.DHCPv4) { r.DeleteOption(dhcpv4.OptionServerIdentifier) },
		"BOOTP":               func(r *dhcpv4.DHCPv4) { r.DeleteOption(dhcpv4.OptionDHCPMessageType) },
	}
	for name, spoil := range bad {
		t.Run(name, func(t *testing.T) {
			_, leases := live(t, nil, func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
				r := lends(time.Hour)(m)
				spoil(r)
				return r
			}, func(*wire) { pass(10 * time.Second) })
			same(t, "leases", leases, nil)
		})
	}
}

func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &wire{start: time.Now(), arrived: make(chan *dhcpv4.DHCPv4, 8), server: silent}
		c := newClient()
		done := make(chan error)
		go func() { done <- c.Run(ctx, w, nil, func(*Lease) {}) }()
		pass(10 * time.Second)
		if what, asked := c.Waiting(); what != "no answer to DHCPDISCOVER on lan" || asked != " (4 sent)" {
			t.Errorf("waiting for %q%q", what, asked)
		}
		cancel()
		<-done
	})
}

func TestClosedConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{start: time.Now(), arrived: make(chan *dhcpv4.DHCPv4), server: silent}
		close(w.arrived)
		c := newClient()
		if err := c.Run(t.Context(), w, nil, func(*Lease) {}); !errors.Is(err, ErrClosed) {
			t.Errorf("Run ended with %v, want ErrClosed", err)
		}
	})
}
