package dhcp6

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/imgbuild/imgbuild/uinit/dhcp/said"
)

// Conn carries messages of one interface between the client's port and all servers on the link.
type Conn interface {
	Send([]byte) error
	// Receive has whatever arrives for the client's port. It is closed when nothing more can.
	Receive() <-chan []byte
}

// Client asks for an address and keeps it, or asks for information only. Make it with New.
type Client struct {
	said.Said
	// Link is the interface's name, for Waiting.
	Link string
	// MAC is the interface's hardware address.
	MAC net.HardwareAddr
	// Hostname, where given, is what servers should call this machine; "" is nothing.
	Hostname func() string
	// Stateless: ask for information, not for an address (RFC 8415, section 18.2.6).
	Stateless bool
	// Rand gives a number in [0, 1), for transaction numbers and jitter; nil means a good source.
	Rand func() float64

	declined chan netip.Addr
	solMaxRT time.Duration
}

// ErrClosed says that the connection ended.
var ErrClosed = errors.New("the DHCPv6 connection is closed")

// New makes a client for an interface.
func New(link string, mac net.HardwareAddr, hostname func() string, stateless bool) *Client {
	return &Client{Link: link, MAC: mac, Hostname: hostname, Stateless: stateless, declined: make(chan netip.Addr, 1), solMaxRT: time.Hour}
}

// Decline tells that another machine uses the address, as duplicate address detection found. The server hears of it, and
// the client asks for another address. It never blocks, and may be called again.
func (c *Client) Decline(a netip.Addr) {
	select {
	case c.declined <- a:
	default:
	}
}

// Run keeps a lease until ctx ends or conn is closed, and returns why. last is a lease to take up again, as after a cable was
// pulled, unless a server says that it is of another network; nil starts afresh. changed is told of each new or renewed lease,
// and with nil of its end; not when Run ends, for the address stays good.
//
//	last given ─▶ confirming ─────────────────┬─▶ bound ─T1─▶ renewing ─T2─▶ rebinding ─expiry─▶ soliciting
//	             soliciting ─advertise─▶ requesting ─┘ ▲───────────┴─────────────┘   declined, NoBinding: soliciting
func (c *Client) Run(ctx context.Context, conn Conn, last *Lease, changed func(*Lease)) error {
	if c.Stateless {
		return c.inform(ctx, conn, changed)
	}
	if last != nil {
		err := c.confirm(ctx, conn, *last)
		if err == nil {
			err = c.keep(ctx, conn, *last, changed)
		}
		if ended(err) {
			return err
		}
		changed(nil)
	}
	for refusals := 0; ; {
		lease, err := c.acquire(ctx, conn)
		if err == nil {
			bound := time.Now()
			err = c.keep(ctx, conn, lease, changed)
			if ended(err) {
				return err
			}
			changed(nil)
			switch {
			case errors.Is(err, errDeclined):
				err = c.decline(ctx, conn, lease)
			case time.Since(bound) >= said.Lasting:
				refusals = 0
				continue
			}
			if !ended(err) {
				err = errRefused
			}
		}
		if errors.Is(err, errRefused) {
			// None that offers and then refuses, lends for a second, or lends what others use must be asked in a tight loop.
			refusals++
			c.Rest("")
			err = c.wait(ctx, conn, netip.Addr{}, time.Now().Add(time.Second<<min(refusals-1, 9)))
		}
		if ended(err) {
			return err
		}
	}
}

// acquire asks all servers, and then the one that is best liked (RFC 8415, sections 18.2.1 and 18.2.9). A server
// that answers at once with the address, as rapid commit allows, saves the second question.
func (c *Client) acquire(ctx context.Context, conn Conn) (Lease, error) {
	var lease, best Lease
	preference := -1
	err := c.ask(ctx, conn, question{
		kind: dhcpv6.MessageTypeSolicit, options: append(options{option(dhcpv6.OptionRapidCommit, nil), c.association(netip.Addr{})}, c.wishes()...), first: time.Second,
		accept: func(m *message, sent time.Time) bool {
			l, err := leaseFrom(m, c.iaid(), sent)
			if err != nil {
				c.unhelpful(m, err)
				return false
			}
			if m.MessageType == dhcpv6.MessageTypeReply && m.GetOneOption(dhcpv6.OptionRapidCommit) != nil {
				lease = l
				return true
			}
			p := 0
			if b := data(m.Options.Options, dhcpv6.OptionPreference); len(b) == 1 {
				p = int(b[0])
			}
			if m.MessageType == dhcpv6.MessageTypeAdvertise && p > preference {
				best, preference = l, p
			}
			return preference == 255
		},
		chosen: func() bool { return preference >= 0 },
	})
	if err != nil || lease.Address.IsValid() {
		return lease, err
	}
	return c.request(ctx, conn, question{
		kind: dhcpv6.MessageTypeRequest, options: options{option(dhcpv6.OptionServerID, []byte(best.Server)), c.association(best.Address)},
		first: time.Second, longest: 30 * time.Second, tries: 10,
	})
}

// confirm asks whether an address fits the network. Where no server answers, it does (RFC 8415, section 18.2.3).
func (c *Client) confirm(ctx context.Context, conn Conn, last Lease) error {
	if !time.Now().Before(last.Expires()) {
		return errSilence
	}
	var refused error
	err := c.ask(ctx, conn, question{
		kind: dhcpv6.MessageTypeConfirm, options: options{c.association(last.Address)},
		first: time.Second, longest: 4 * time.Second, until: time.Now().Add(10 * time.Second),
		accept: func(m *message, _ time.Time) bool {
			if refused = status(m.Options.Options); refused != nil {
				c.unhelpful(m, refused)
			}
			return m.MessageType == dhcpv6.MessageTypeReply && m.GetOneOption(dhcpv6.OptionStatusCode) != nil
		},
	})
	if errors.Is(err, errSilence) {
		return nil
	}
	return errors.Join(err, refused)
}

// keep holds a lease until it ends, and returns why.
func (c *Client) keep(ctx context.Context, conn Conn, lease Lease, changed func(*Lease)) error {
	for bound := time.Now(); ; {
		now := lease // whoever is told keeps it
		changed(&now)
		c.Bound()
		if err := c.wait(ctx, conn, lease.Address, lease.Start.Add(lease.Renew)); err != nil {
			return err
		}
		if time.Since(bound) >= said.Lasting {
			c.Lasted()
		}
		next, err := c.request(ctx, conn, question{
			kind: dhcpv6.MessageTypeRenew, options: append(options{option(dhcpv6.OptionServerID, []byte(lease.Server)), c.association(lease.Address)}, c.wishes()...),
			first: 10 * time.Second, longest: 10 * time.Minute, until: lease.Start.Add(lease.Rebind),
		})
		if errors.Is(err, errSilence) {
			next, err = c.request(ctx, conn, question{
				kind: dhcpv6.MessageTypeRebind, options: append(options{c.association(lease.Address)}, c.wishes()...),
				first: 10 * time.Second, longest: 10 * time.Minute, until: lease.Expires(),
			})
		}
		if err != nil {
			return err
		}
		lease = next
	}
}

// request is a question whose answer is a lease or a refusal.
func (c *Client) request(ctx context.Context, conn Conn, q question) (lease Lease, err error) {
	var refused error
	if q.kind == dhcpv6.MessageTypeRequest {
		q.options = append(q.options, c.wishes()...)
	}
	q.accept = func(m *message, sent time.Time) bool {
		if m.MessageType != dhcpv6.MessageTypeReply {
			return false
		}
		if lease, refused = leaseFrom(m, c.iaid(), sent); refused != nil {
			c.unhelpful(m, refused)
		}
		return refused == nil || errors.Is(refused, errRefused)
	}
	err = c.ask(ctx, conn, q)
	return lease, errors.Join(err, refused)
}

// decline gives an address back that others use (RFC 8415, section 18.2.8).
func (c *Client) decline(ctx context.Context, conn Conn, lease Lease) error {
	c.Wrong(fmt.Sprintf("%v, which DHCPv6 server %x lent to %s, belongs to another machine: declined", lease.Address, lease.Server, c.Link))
	return c.ask(ctx, conn, question{
		kind: dhcpv6.MessageTypeDecline, options: options{option(dhcpv6.OptionServerID, []byte(lease.Server)), c.association(lease.Address)}, first: time.Second, tries: 4,
		accept: func(m *message, _ time.Time) bool { return m.MessageType == dhcpv6.MessageTypeReply },
	})
}

// inform asks for information, and again when it grows old.
func (c *Client) inform(ctx context.Context, conn Conn, changed func(*Lease)) error {
	for {
		var l Lease
		err := c.ask(ctx, conn, question{
			kind: dhcpv6.MessageTypeInformationRequest, options: c.wishes(), first: time.Second, longest: time.Hour,
			accept: func(m *message, sent time.Time) bool {
				l = informationFrom(m, sent)
				if err := status(m.Options.Options); err != nil {
					c.unhelpful(m, err)
					return false
				}
				return m.MessageType == dhcpv6.MessageTypeReply && l.Server != ""
			},
		})
		if err != nil {
			return err
		}
		now := l
		changed(&now)
		c.Bound()
		if err := c.wait(ctx, conn, netip.Addr{}, l.Start.Add(l.Renew)); err != nil {
			return err
		}
	}
}

// unhelpful notes that a server said no, or what cannot be used: to say that nobody answers would be wrong.
func (c *Client) unhelpful(m *message, err error) {
	who := "a DHCPv6 server"
	if id := data(m.Options.Options, dhcpv6.OptionServerID); id != nil {
		who = fmt.Sprintf("DHCPv6 server %x", id)
	}
	c.Wrong(fmt.Sprintf("%s lends nothing to %s: %v", who, c.Link, err))
}

// wait sleeps until a moment, or until somebody else turns out to have the address; it drops what arrives meanwhile.
func (c *Client) wait(ctx context.Context, conn Conn, mine netip.Addr, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case a := <-c.declined:
			if a == mine {
				return errDeclined
			}
		case _, open := <-conn.Receive():
			if !open {
				return ErrClosed
			}
		}
	}
}

func (c *Client) rand() float64 {
	if c.Rand != nil {
		return c.Rand()
	}
	return rand.Float64()
}

func (c *Client) id() (id dhcpv6.TransactionID) {
	for i := range id {
		id[i] = byte(c.rand() * 256)
	}
	return id
}

// ended tells errors after which nothing more can be asked.
func ended(err error) bool {
	return err != nil && !errors.Is(err, errSilence) && !errors.Is(err, errRefused) && !errors.Is(err, errDeclined)
}
