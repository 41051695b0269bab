package clock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"
)

// UDP asks servers over the network.
type UDP struct {
	// Pivot resolves the era of NTP's times, which repeat every 136 years: a time is
	// taken as the one nearest to it. The day of the build serves well.
	Pivot time.Time
}

// afterRefusal is how long the time itself is waited for after a refusal.
const afterRefusal = time.Second

// Query asks the server at addr once. now is our clock and must not jump between two calls.
// It waits for a reply until ctx ends; a packet that does not answer the question is
// passed over, and a refusal for as long as the time itself may still come. Errors: *KissError; net.Error where nothing came or nobody listens.
func (u UDP) Query(ctx context.Context, addr netip.AddrPort, now func() time.Time) (Sample, error) {
	// A socket of its own for each question: the port is one more thing a forger must guess.
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return Sample{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	// Not from crypto/rand: this must not wait for entropy, and guards against strangers, not listeners.
	cookie := rand.Uint64()
	sent := now()
	if _, err := conn.Write(request(cookie)); err != nil {
		return Sample{}, err
	}
	return u.receive(ctx, conn, cookie, sent, now)
}

func (u UDP) receive(ctx context.Context, conn *net.UDPConn, cookie uint64, sent time.Time, now func() time.Time) (Sample, error) {
	buf := make([]byte, 1024)
	var stray error
	var refused *KissError
	for {
		n, err := conn.Read(buf)
		came := now()
		if err != nil && refused != nil {
			return Sample{}, refused
		}
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if stray != nil {
				return Sample{}, fmt.Errorf("no valid answer (%w)", stray)
			}
			return Sample{}, err
		}
		h, err := parsePacket(buf[:n])
		if err == nil {
			err = h.check(cookie)
		}
		switch kiss := (*KissError)(nil); {
		case errors.As(err, &kiss):
			// Who refuses us sends no time, and who saw the question on its way may refuse it in the server's name: the time follows then.
			if refused == nil {
				_ = conn.SetReadDeadline(time.Now().Add(afterRefusal))
			}
			refused = kiss
			continue
		case err != nil:
			stray = err
			continue
		}
		return newSample(h, sent, came, u.Pivot)
	}
}
