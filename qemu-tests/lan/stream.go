package lan

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/gopacket/gopacket/layers"
)

// stream is a host's side of a TCP connection (RFC 9293), as much of it as a client needs that says little: it sends nothing anew, and
// there is room at the other side for all that it says. What it has no room for itself, and what comes out of order, the other side
// sends anew.
type stream struct {
	host        *Host
	mac         net.HardwareAddr
	here, there netip.AddrPort
	arrived     chan *layers.TCP
	// inner is the other end of what the caller of Dial has.
	inner net.Conn
	ended chan struct{}
	end   func()

	mu sync.Mutex
	// next is the first octet that was not sent yet, want the first that did not come yet.
	next, want uint32
}

// mss is how many octets everybody takes in one segment, by either family (RFC 9293, section 3.7.1).
const mss = 536

func newStream(h *Host, mac net.HardwareAddr, to netip.AddrPort) (s *stream, outer net.Conn) {
	s = &stream{host: h, mac: mac, there: to, arrived: make(chan *layers.TCP, 16), ended: make(chan struct{}), next: rand.Uint32()}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	outer, s.inner = net.Pipe()
	return s, outer
}

// open shakes hands.
func (s *stream) open(ctx context.Context) error {
	s.send(layers.TCP{SYN: true}, nil)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case l := <-s.arrived:
			switch {
			case !l.ACK || l.Ack != s.next: // it is of a connection that had this port before
			case l.RST:
				return syscall.ECONNREFUSED
			case l.SYN:
				s.want = l.Seq + 1
				s.send(layers.TCP{ACK: true}, nil)
				go s.hear()
				go s.say()
				return nil
			}
		}
	}
}

// take waits for nothing: a segment's sender is in the middle of something.
func (s *stream) take(l *layers.TCP) {
	select {
	case s.arrived <- l:
	default:
	}
}

// say sends what the caller says, and closes when either side has.
func (s *stream) say() {
	defer s.forget()
	b := make([]byte, mss)
	for {
		n, err := s.inner.Read(b)
		if n > 0 {
			s.send(layers.TCP{ACK: true, PSH: true}, b[:n])
		}
		if err != nil {
			s.send(layers.TCP{ACK: true, FIN: true}, nil)
			return
		}
	}
}

// hear acknowledges what comes and passes it on.
func (s *stream) hear() {
	defer s.inner.Close()
	for {
		select {
		case <-s.ended:
			return
		case l := <-s.arrived:
			wanted := s.wants(l)
			if len(l.Payload) > 0 || l.FIN || !wanted {
				s.send(layers.TCP{ACK: true}, nil)
			}
			if wanted && len(l.Payload) > 0 {
				_, _ = s.inner.Write(l.Payload) // a caller who has closed wants no more
			}
			if l.RST || wanted && l.FIN {
				return
			}
		}
	}
}

// wants says whether a segment is the next, and counts it then.
func (s *stream) wants(l *layers.TCP) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.Seq != s.want {
		return false
	}
	s.want += uint32(len(l.Payload))
	if l.FIN {
		s.want++
	}
	return true
}

// send puts the numbers to a segment. The next one waits until it is on the wire, for the other side takes them in order.
func (s *stream) send(l layers.TCP, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.Seq, l.Ack = s.next, s.want
	s.host.sendTCP(s.mac, s.here, s.there, l, payload)
	s.next += uint32(len(payload))
	if l.SYN || l.FIN {
		s.next++
	}
}

// forget frees the port.
func (s *stream) forget() {
	s.end()
	s.inner.Close()
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	delete(s.host.streams, s.here)
}
