// Package arp finds out whether another machine has an IPv4 address, and looks after one that is in use (RFC 5227).
package arp

import (
	"errors"
	"net"
	"os"
	"time"
)

// Conn carries what is said of one address on one interface.
type Conn interface {
	// Probe asks who has the address; Announce says that it is this machine's.
	Probe() error
	Announce() error
	// Hear waits for somebody else's claim until a moment; the zero value is for ever. It returns os.ErrDeadlineExceeded then.
	Hear(until time.Time) (Claim, error)
}

// Verdict is what is known of an address.
type Verdict int

const (
	// Free: nobody else has it. It may be used, and is announced.
	Free Verdict = iota
	// Disputed: somebody else used it while it was in use here. It was announced again.
	Disputed
	// Taken: somebody else has it. It answered for it, or used it again soon after it was disputed.
	Taken
)

// RFC 5227 asks three times, one or two seconds apart, and listens for two more. That is for home networks of its time,
// and a boot waits here: neighbours answer within a millisecond. Whoever answers later than this has three answers to
// give, and the second one of them takes the address back.
const (
	probes     = 3
	probeEvery = 30 * time.Millisecond
)

// From RFC 5227, section 1.1: announcements are two; two claims within defendInterval are a loss; an address that was lost is
// looked at again once in rateLimitInterval.
const (
	announceInterval  = 2 * time.Second
	defendInterval    = 10 * time.Second
	rateLimitInterval = time.Minute
)

// Guard finds out whether an address is free and, if so, announces and defends it; if not, it tries again. It tells each
// verdict, with whoever else has the address, until the connection ends; it returns why that ended.
func Guard(c Conn, tell func(Verdict, net.HardwareAddr)) error {
	for {
		who, err := probe(c)
		if err == nil && who == nil {
			tell(Free, nil)
			who, err = hold(c, tell)
		}
		if err != nil {
			return err
		}
		tell(Taken, who)
		if err := pass(c, time.Now().Add(rateLimitInterval)); err != nil {
			return err
		}
	}
}

// probe returns who has the address; nil is nobody.
func probe(c Conn) (net.HardwareAddr, error) {
	for range probes {
		_ = c.Probe() // an interface that is down just now loses this one; the next may pass
		claim, err := c.Hear(time.Now().Add(probeEvery))
		if !late(err) {
			return claim.Who, err
		}
	}
	return nil, nil
}

// hold looks after an address in use, until it is lost.
func hold(c Conn, tell func(Verdict, net.HardwareAddr)) (net.HardwareAddr, error) {
	_ = c.Announce()
	again := time.Now().Add(announceInterval)
	var disputed time.Time
	for {
		claim, err := c.Hear(again)
		switch now := time.Now(); {
		case late(err):
			_ = c.Announce()
			again = time.Time{}
		case err != nil:
			return nil, err
		case claim.Probe: // it will be answered, and will go away
		case !disputed.IsZero() && now.Sub(disputed) < defendInterval:
			return claim.Who, nil
		default:
			disputed = now
			_ = c.Announce()
			tell(Disputed, claim.Who)
		}
	}
}

// pass lets time go by and drops what is heard.
func pass(c Conn, until time.Time) error {
	for {
		if _, err := c.Hear(until); late(err) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func late(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
