package qemu_tests

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/qemu"
)

// logServer is a server of syslog over TCP (RFC 6587, section 3.4.1) or TLS (RFC 5425) that can go away
// and come back.
type logServer struct {
	t       *testing.T
	address string
	secure  *tls.Config // nil for TCP alone

	mu       sync.Mutex
	listener net.Listener
	here     bool // it takes connections
	conns    []net.Conn
	messages map[uint64]string // by sequenceId; one may come twice
	lines    []string          // all that came, of a machine that was started anew too
	changed  chan struct{}
	readers  sync.WaitGroup // of connections
}

func newLogServer(t *testing.T, secure *tls.Config) *logServer {
	s := &logServer{t: t, secure: secure, address: "127.0.0.1:" + freePort(t), messages: map[uint64]string{}, changed: make(chan struct{}, 1)}
	s.come()
	t.Cleanup(s.leave)
	return s
}

// guestAddress is the server's as a guest behind QEMU's user network knows it.
func (s *logServer) guestAddress() string {
	return strings.Replace(s.address, "127.0.0.1", "10.0.2.2", 1)
}

func (s *logServer) come() {
	s.t.Helper()
	l, err := net.Listen("tcp4", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.listener, s.address, s.here = l, l.Addr().String(), true
	s.mu.Unlock()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if s.secure != nil {
				c = tls.Server(c, s.secure)
			}
			s.mu.Lock()
			if s.here {
				s.conns = append(s.conns, c)
				s.readers.Go(func() { s.read(c) })
			} else {
				c.Close()
			}
			s.mu.Unlock()
		}
	}()
}

// leave ends the server in good order: it says so, and reads what was sent until the other side has closed too. What a server that
// crashes has not read no sender can know of.
func (s *logServer) leave() {
	s.mu.Lock()
	s.listener.Close()
	conns := s.conns
	s.conns, s.here = nil, false
	s.mu.Unlock()
	for _, c := range conns {
		if half, ok := c.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
			c.Close()
		}
	}
	s.readers.Wait()
}

var sequenceID = regexp.MustCompile(`\[meta sequenceId="(\d+)"\] `)

func (s *logServer) read(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		length, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(length))
		if err != nil || n > 1<<16 {
			s.t.Errorf("a message of length %q", length)
			return
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		m := sequenceID.FindSubmatch(text)
		if m == nil {
			s.t.Errorf("no sequenceId in %q", text)
			return
		}
		id, _ := strconv.ParseUint(string(m[1]), 10, 64)
		s.mu.Lock()
		s.messages[id] = string(text)
		s.lines = append(s.lines, string(text))
		s.mu.Unlock()
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}

// until waits for something in what has come, for as long as the guest lives and its last words are not read.
func (s *logServer) until(g *qemu.Guest, yes func() bool) bool {
	seen := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return yes()
	}
	for !seen() {
		select {
		case <-s.changed:
		case <-g.Exited():
			s.readers.Wait()
			return seen()
		}
	}
	return true
}

// wait returns when so many different messages have come.
func (s *logServer) wait(g *qemu.Guest, count int) {
	s.t.Helper()
	if !s.until(g, func() bool { return len(s.messages) >= count }) {
		s.t.Fatalf("%d of %d messages came before the guest ended", len(s.messages), count)
	}
}

// waitLine returns when a message has come that matches.
func (s *logServer) waitLine(g *qemu.Guest, pattern string) {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	if !s.until(g, func() bool { return slices.ContainsFunc(s.lines, re.MatchString) }) {
		s.t.Fatalf("no message matched %s before the guest ended", pattern)
	}
}

// got returns what came of a guest that is gone, its last words too, and how many are missing among it.
func (s *logServer) got() (all []string, missing int) {
	s.readers.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	last := uint64(0)
	for id, text := range s.messages {
		all = append(all, text)
		last = max(last, id)
	}
	return all, int(last) - len(all)
}

// certificate makes one for a server at an address, signed by itself, and the PEM file that trusts it.
func certificate(t *testing.T, address string) (server *tls.Config, trust string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "log server"}, IPAddresses: []net.IP{net.ParseIP(address)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// hears waits for a message that contains a text.
func (s *logServer) hears(t *testing.T, g *qemu.Guest, text string) {
	t.Helper()
	for limit := time.After(soon); ; {
		s.mu.Lock()
		for _, m := range s.messages {
			if strings.Contains(m, text) {
				s.mu.Unlock()
				return
			}
		}
		s.mu.Unlock()
		select {
		case <-s.changed:
		case <-g.Exited():
			t.Errorf("the guest ended before the server heard %q", text)
			return
		case <-limit:
			t.Errorf("the server did not hear %q", text)
			return
		}
	}
}
