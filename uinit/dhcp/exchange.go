package dhcp

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// exchange is a question that is repeated until it is answered.
type exchange struct {
	message  *dhcpv4.DHCPv4
	from, to netip.Addr
	// accept tells the answer from other messages of the transaction.
	accept func(*dhcpv4.DHCPv4) bool
	// sent, where given, is told when the question goes out, each time.
	sent func(time.Time)
	// tries bounds how often it is asked, until how long; the zero values don't.
	tries int
	until time.Time
}

// The first question is repeated after firstPause, and each further pause is twice as long up to longestPause, all of them give
// or take jitter. RFC 2131 begins with 4 s, for networks of its time; a
// switch port that has just come up loses the first questions, and a boot waits for them.
const (
	firstPause   = time.Second
	longestPause = 64 * time.Second
	jitter       = 0.1
	// A lease is renewed in ever shorter steps, down to this (RFC 2131, section 4.4.5).
	shortestRenewal = time.Minute
)

// pause is how long to wait for an answer to the nth question, from 1.
func (c *Client) pause(e exchange, n int) time.Duration {
	if e.until.IsZero() {
		d := longestPause
		if n < 7 {
			d = firstPause << (n - 1)
		}
		return time.Duration(float64(d) * (1 - jitter + 2*jitter*c.rand()))
	}
	left := time.Until(e.until)
	return min(max(left/2, shortestRenewal), left)
}

// exchange asks until there is an answer. It returns errSilence at the bounds of e.
func (c *Client) exchange(ctx context.Context, conn Conn, e exchange) (*dhcpv4.DHCPv4, error) {
	begun := time.Now()
	for n := 1; e.tries == 0 || n <= e.tries; n++ {
		if !e.until.IsZero() && !time.Now().Before(e.until) {
			break
		}
		e.message.NumSeconds = uint16(min(time.Since(begun)/time.Second, 0xffff))
		if e.sent != nil {
			e.sent(time.Now())
		}
		c.For(fmt.Sprintf("no answer to DHCP%s on %s", e.message.MessageType(), c.Link), fmt.Sprintf(" (%d sent)", n))
		// An interface that is down just now loses this one; the next may pass.
		if err := conn.Send(e.message, e.from, e.to); err != nil {
			c.For(fmt.Sprintf("sending DHCP%s on %s", e.message.MessageType(), c.Link), fmt.Sprintf(" (%d tried): %v", n, err))
		}
		timer := time.NewTimer(c.pause(e, n))
		p, err := c.await(ctx, conn, e, timer.C)
		timer.Stop()
		if p != nil || err != nil {
			return p, err
		}
	}
	return nil, errSilence
}

// await returns the answer, or neither answer nor error when time is up.
func (c *Client) await(ctx context.Context, conn Conn, e exchange, up <-chan time.Time) (*dhcpv4.DHCPv4, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-up:
			return nil, nil
		case p, open := <-conn.Receive():
			if !open {
				return nil, ErrClosed
			}
			if c.answers(p, e.message.TransactionID) && e.accept(p) {
				return p, nil
			}
		}
	}
}
