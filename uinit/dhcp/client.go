package dhcp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/imgbuild/imgbuild/uinit/dhcp/said"
)

// Conn carries messages of one interface.
type Conn interface {
	// Send sends from one address to another; unspecified means this host
	// without an address, and broadcast.
	Send(p *dhcpv4.DHCPv4, from, to netip.Addr) error
	// Receive has whatever arrives for the client's port. It is closed when nothing more can.
	Receive() <-chan *dhcpv4.DHCPv4
}

// Client asks for a lease and keeps it. Make it with New.
type Client struct {
	said.Said
	// Link is the interface's name, for Waiting.
	Link string
	// MAC is the interface's hardware address.
	MAC net.HardwareAddr
	// Hostname, where given, is what servers and their logs should call this machine; "" is nothing.
	Hostname func() string
	// Rand gives a number in [0, 1), for transaction numbers and jitter; nil means a good source.
	Rand func() float64

	declined chan conflict
	// taker is who has an address that is being declined; declines counts those since a lease was good for a while.
	taker    net.HardwareAddr
	declines int
}

// conflict is an address that another machine has.
type conflict struct {
	address netip.Addr
	who     net.HardwareAddr
}

// ErrClosed says that the connection ended.
var ErrClosed = errors.New("the DHCP connection is closed")

// New makes a client for an interface.
func New(link string, mac net.HardwareAddr) *Client {
	return &Client{Link: link, MAC: mac, declined: make(chan conflict, 1)}
}

// Decline tells that another machine has the address, by its hardware address. The server hears of it, and the client asks for
// another. It never blocks, and may be called again by the same goroutine.
func (c *Client) Decline(a netip.Addr, who net.HardwareAddr) {
	select {
	case <-c.declined: // the latest counts
	default:
	}
	select {
	case c.declined <- conflict{a, who}:
	default:
	}
}

// Run keeps a lease until ctx ends or conn is closed, and returns why. last is a
// lease to take up again, as after a cable was pulled, if the server agrees (RFC 2131, section 4.3.2,
// INIT-REBOOT); nil starts afresh. changed is told of each new or renewed lease, and with nil of its end; not when Run ends, for the
// address stays good.
//
//	last given ─▶ rebooting ─────────────┬─▶ bound ─T1─▶ renewing ─T2─▶ rebinding ─expiry─▶ discovering
//	             discovering ─offer─▶ requesting ─┘  ▲───────────┴─────────────┘     NAK: discovering; declined: that, ten seconds later
func (c *Client) Run(ctx context.Context, conn Conn, last *Lease, changed func(*Lease)) error {
	if last != nil {
		kept, err := c.resume(ctx, conn, *last)
		if err == nil {
			err = c.keep(ctx, conn, kept, changed)
		} else if !ended(err) {
			changed(nil)
		}
		if ended(err) {
			return err
		}
	}
	for failures := 0; ; {
		lease, err := c.acquire(ctx, conn)
		brief := errors.Is(err, errRefused)
		if err == nil {
			bound := time.Now()
			err = c.keep(ctx, conn, lease, changed)
			if brief = time.Since(bound) < said.Lasting && !errors.Is(err, errDeclined); !brief {
				failures = 0
			}
		}
		if brief && !ended(err) {
			// A server that offers and then refuses, or lends for a second, must not be asked in a tight loop.
			failures++
			c.Rest("")
			err = c.wait(ctx, conn, netip.Addr{}, time.Now().Add(c.pause(exchange{}, failures)))
		}
		if ended(err) {
			return err
		}
	}
}

// resume takes a lease up again. Where no server answers, it is good for as long as it was.
func (c *Client) resume(ctx context.Context, conn Conn, last Lease) (Lease, error) {
	if !time.Now().Before(last.Expires()) {
		return Lease{}, errSilence
	}
	lease, err := c.reboot(ctx, conn, last)
	if errors.Is(err, errSilence) {
		return last, nil
	}
	return lease, err
}

// acquire discovers servers and requests what the first of them offers.
func (c *Client) acquire(ctx context.Context, conn Conn) (Lease, error) {
	begun := time.Now()
	offer, err := c.exchange(ctx, conn, exchange{
		message: c.message(dhcpv4.MessageTypeDiscover, c.xid(), begun),
		accept: func(p *dhcpv4.DHCPv4) bool {
			return p.MessageType() == dhcpv4.MessageTypeOffer && c.useful(p)
		},
	})
	if err != nil {
		return Lease{}, err
	}
	return c.request(ctx, conn, exchange{
		// In the transaction of the offer (RFC 2131, section 4.4.1).
		message: c.message(dhcpv4.MessageTypeRequest, offer.TransactionID, begun,
			requested(netip.AddrFrom4([4]byte(offer.YourIPAddr.To4()))), dhcpv4.OptServerIdentifier(offer.ServerIdentifier())),
		tries: 4,
	})
}

// reboot asks whether a lease that was good is so still.
func (c *Client) reboot(ctx context.Context, conn Conn, last Lease) (Lease, error) {
	return c.request(ctx, conn, exchange{
		message: c.message(dhcpv4.MessageTypeRequest, c.xid(), time.Now(), requested(last.Address.Addr())),
		tries:   3,
	})
}

// keep holds a lease until it ends, and returns why: errSilence, errRefused or errDeclined, or that nothing goes any more.
func (c *Client) keep(ctx context.Context, conn Conn, lease Lease, changed func(*Lease)) error {
	for bound := time.Now(); ; {
		now := lease // whoever is told keeps it
		changed(&now)
		c.Bound()
		err := c.wait(ctx, conn, lease.Address.Addr(), lease.Start.Add(lease.Renew))
		if err == nil {
			if time.Since(bound) >= said.Lasting {
				c.Lasted()
				c.declines = 0
			}
			lease, err = c.extend(ctx, conn, lease)
		}
		if ended(err) {
			return err
		}
		if err != nil {
			changed(nil)
			if errors.Is(err, errDeclined) {
				err = c.decline(ctx, conn, lease)
			}
			return err
		}
	}
}

// extend renews with the lease's server until T2, and then with any server until the lease expires.
func (c *Client) extend(ctx context.Context, conn Conn, lease Lease) (Lease, error) {
	ask := func(to netip.Addr, until time.Time) (Lease, error) {
		p := c.message(dhcpv4.MessageTypeRequest, c.xid(), time.Now())
		p.ClientIPAddr = net.IP(lease.Address.Addr().AsSlice())
		return c.request(ctx, conn, exchange{message: p, from: lease.Address.Addr(), to: to, until: until})
	}
	next, err := ask(lease.Server, lease.Start.Add(lease.Rebind))
	if errors.Is(err, errSilence) {
		next, err = ask(netip.IPv4Unspecified(), lease.Expires())
	}
	return next, err
}

// request is an exchange whose answer is a lease or a refusal.
func (c *Client) request(ctx context.Context, conn Conn, e exchange) (Lease, error) {
	var sent time.Time
	e.sent = func(at time.Time) { sent = at }
	e.accept = func(p *dhcpv4.DHCPv4) bool {
		return p.MessageType() == dhcpv4.MessageTypeNak || p.MessageType() == dhcpv4.MessageTypeAck && c.useful(p)
	}
	p, err := c.exchange(ctx, conn, e)
	if err != nil {
		return Lease{}, err
	}
	if p.MessageType() == dhcpv4.MessageTypeNak {
		c.refused(e.message, p)
		return Lease{}, errRefused
	}
	return leaseFrom(p, sent)
}

// A client keeps still for so long after it gave an address back (RFC 2131, section 3.1, step 5), and longer when many were of no
// use (RFC 5227, section 2.1.1: MAX_CONFLICTS, RATE_LIMIT_INTERVAL).
const (
	declinePause = 10 * time.Second
	mostDeclines = 10
	longPause    = time.Minute
)

// decline gives back an address that another machine has, which nobody answers. It returns errDeclined a while later.
func (c *Client) decline(ctx context.Context, conn Conn, lease Lease) error {
	c.Wrong(fmt.Sprintf("%v, which DHCP server %v lent to %s, belongs to another machine, %v: declined", lease.Address.Addr(), lease.Server, c.Link, c.taker))
	c.Rest("")
	p := c.message(dhcpv4.MessageTypeDecline, c.xid(), time.Now(), requested(lease.Address.Addr()),
		dhcpv4.OptServerIdentifier(net.IP(lease.Server.AsSlice())), dhcpv4.OptMessage(fmt.Sprintf("%v has it", c.taker)))
	if err := conn.Send(p, netip.Addr{}, netip.Addr{}); err != nil {
		c.Rest(fmt.Sprintf("; telling the server: %v", err))
	}
	pause := declinePause
	if c.declines++; c.declines >= mostDeclines {
		pause = longPause
	}
	if err := c.wait(ctx, conn, netip.Addr{}, time.Now().Add(pause)); err != nil {
		return err
	}
	return errDeclined
}

// wait sleeps until a moment, or until another machine turns out to have the address mine; it drops what arrives meanwhile.
func (c *Client) wait(ctx context.Context, conn Conn, mine netip.Addr, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case d := <-c.declined:
			if d.address == mine {
				c.taker = d.who
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

func (c *Client) xid() (id dhcpv4.TransactionID) {
	for i := range id {
		id[i] = byte(c.rand() * 256)
	}
	return id
}

var (
	errSilence  = errors.New("no answer")
	errRefused  = errors.New("refused")
	errDeclined = errors.New("declined")
)

// ended tells errors after which nothing more can be asked from answers that were no.
func ended(err error) bool {
	return err != nil && !errors.Is(err, errSilence) && !errors.Is(err, errRefused) && !errors.Is(err, errDeclined)
}
