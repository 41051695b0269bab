package dhcp6

import (
	"context"
	"fmt"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// question is a message that is repeated until it is answered (RFC 8415, section 15).
type question struct {
	kind    kind
	options options
	// first and longest pause between repetitions; no longest is no bound.
	first, longest time.Duration
	// tries bounds how often it is asked, until how long; the zero values don't.
	tries int
	until time.Time
	// accept tells the answer from others; it may keep one and go on listening until the pause is over, when chosen is asked.
	accept func(m *message, sent time.Time) bool
	chosen func() bool
}

// ask sends until there is an answer. It returns errSilence at the bounds of q.
func (c *Client) ask(ctx context.Context, conn Conn, q question) error {
	id, begun := c.id(), time.Now()
	pause := time.Duration(0)
	for n := 1; q.tries == 0 || n <= q.tries; n++ {
		if !q.until.IsZero() && !time.Now().Before(q.until) {
			break
		}
		sent := time.Now()
		elapsed := min(sent.Sub(begun), 0xffff*10*time.Millisecond)
		all := append(options{option(dhcpv6.OptionClientID, c.duid()), dhcpv6.OptElapsedTime(elapsed)}, q.options...)
		c.For(fmt.Sprintf("no answer to DHCPv6 %s on %s", q.kind, c.Link), fmt.Sprintf(" (%d sent)", n))
		m := &message{MessageType: q.kind, TransactionID: id, Options: dhcpv6.MessageOptions{Options: all}}
		if err := conn.Send(m.ToBytes()); err != nil {
			c.For(fmt.Sprintf("sending DHCPv6 %s on %s", q.kind, c.Link), fmt.Sprintf(" (%d tried): %v", n, err))
		}
		pause = c.next(q, pause)
		limit := sent.Add(pause)
		if !q.until.IsZero() && q.until.Before(limit) {
			limit = q.until
		}
		done, err := c.listen(ctx, conn, q, id, sent, limit)
		if done || err != nil {
			return err
		}
	}
	return errSilence
}

// next is the pause after the last one, give or take a tenth. That after the first question to all servers is never shorter
// than the rule, so that all of them can answer.
func (c *Client) next(q question, last time.Duration) time.Duration {
	jitter := c.rand()*0.2 - 0.1
	if last == 0 {
		if q.kind == dhcpv6.MessageTypeSolicit {
			jitter = c.rand() * 0.1
		}
		return q.first + time.Duration(jitter*float64(q.first))
	}
	next := 2*last + time.Duration(jitter*float64(last))
	longest := q.longest
	if q.kind == dhcpv6.MessageTypeSolicit {
		longest = c.solMaxRT
	}
	if longest != 0 && next > longest {
		next = longest + time.Duration(jitter*float64(longest))
	}
	return next
}

// listen waits for the answer until limit.
func (c *Client) listen(ctx context.Context, conn Conn, q question, id dhcpv6.TransactionID, sent, limit time.Time) (bool, error) {
	timer := time.NewTimer(time.Until(limit))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-timer.C:
			return q.chosen != nil && q.chosen(), nil
		case b, open := <-conn.Receive():
			if !open {
				return false, ErrClosed
			}
			m, err := parse(b)
			if err != nil || m.TransactionID != id || string(data(m.Options.Options, dhcpv6.OptionClientID)) != string(c.duid()) {
				continue
			}
			// A server may slow down clients that it has nothing for (RFC 8415, section 21.24).
			if b := data(m.Options.Options, dhcpv6.OptionSolMaxRT); len(b) == 4 && seconds(b) >= time.Minute && seconds(b) <= 24*time.Hour {
				c.solMaxRT = seconds(b)
			}
			if q.accept(m, sent) {
				return true, nil
			}
		}
	}
}
