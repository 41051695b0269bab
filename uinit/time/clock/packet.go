package clock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// packetSize is the header of NTP (RFC 5905, section 7.3); what follows it, extensions and
// a signature, is of no use to this client.
const packetSize = 48

// Errors of a reply. A packet with one of the first two does not answer our question,
// whoever sent it, and the real answer may still come.
var (
	errNoReply    = errors.New("not a server's reply")
	errStray      = errors.New("an answer to another question")
	errImpossible = errors.New("the reply left before the question came, or later than we have it")
)

// KissError is a server's refusal, the kiss-o'-death packet (RFC 5905, section 7.4).
type KissError struct {
	// Code is DENY, RSTR, RATE or another word of four letters.
	Code string
}

func (e *KissError) Error() string {
	switch e.Code {
	case "DENY", "RSTR":
		return "the server refuses us (kiss-o'-death " + e.Code + ")"
	case "RATE":
		return "the server wants fewer questions (kiss-o'-death RATE)"
	}
	return fmt.Sprintf("the server has no time to give (kiss-o'-death %q)", e.Code)
}

// Denied says that this server wants no questions of ours.
func (e *KissError) Denied() bool { return e.Code == "DENY" || e.Code == "RSTR" }

// Leap is the leap indicator of the wire.
type Leap uint8

// Leap indicators.
const (
	LeapNone   Leap = 0
	LeapInsert Leap = 1 // the month's last minute has 61 seconds
	LeapDelete Leap = 2 // it has 59
	LeapUnsync Leap = 3 // the server's own clock is not set
)

// header is what is used of a packet. Times are NTP's: seconds of an era in the
// upper half, fractions in the lower.
type header struct {
	leap                      Leap
	mode, stratum             uint8
	rootDelay, rootDispersion time.Duration
	reference                 [4]byte
	origin, receive, transmit uint64
}

const (
	modeClient = 3
	modeServer = 4
)

// request asks with a random number in place of our time: the server sends it back, which
// proves that the reply is one, and nobody learns what our clock says.
func request(cookie uint64) []byte {
	b := make([]byte, packetSize)
	b[0] = 4<<3 | modeClient
	binary.BigEndian.PutUint64(b[40:], cookie)
	return b
}

func parsePacket(b []byte) (header, error) {
	if len(b) < packetSize {
		return header{}, fmt.Errorf("%w: %d bytes", errNoReply, len(b))
	}
	h := header{
		leap:           Leap(b[0] >> 6),
		mode:           b[0] & 7,
		stratum:        b[1],
		rootDelay:      shortTime(b[4:]),
		rootDispersion: shortTime(b[8:]),
		reference:      [4]byte(b[12:16]),
		origin:         binary.BigEndian.Uint64(b[24:]),
		receive:        binary.BigEndian.Uint64(b[32:]),
		transmit:       binary.BigEndian.Uint64(b[40:]),
	}
	if version := b[0] >> 3 & 7; h.mode != modeServer || version == 0 || version > 4 {
		return header{}, fmt.Errorf("%w: mode %d, version %d", errNoReply, h.mode, version)
	}
	return h, nil
}

// check holds a reply against the question.
func (h header) check(cookie uint64) error {
	switch {
	case h.origin != cookie:
		return errStray
	case h.stratum == 0:
		return &KissError{Code: kissCode(h.reference)}
	case h.receive == 0 || h.transmit == 0:
		return fmt.Errorf("%w: without a time", errNoReply)
	}
	return nil
}

func kissCode(b [4]byte) string {
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b[:])
}

// shortTime reads 16 bits of seconds and 16 of fractions.
func shortTime(b []byte) time.Duration {
	return time.Duration(int64(binary.BigEndian.Uint32(b)) * int64(time.Second) >> 16)
}

// ntpEpoch is 1900-01-01 in seconds of Unix.
const ntpEpoch = -2208988800

// timeOf reads a time of an era not told: the one nearest to pivot, 68 years to either side.
func timeOf(raw uint64, pivot time.Time) time.Time {
	seconds := pivot.Unix() - ntpEpoch
	seconds += int64(int32(uint32(raw>>32) - uint32(seconds)))
	nanos := int64(raw&(1<<32-1)) * int64(time.Second) >> 32
	return time.Unix(seconds+ntpEpoch, nanos)
}
