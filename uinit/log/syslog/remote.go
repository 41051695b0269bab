package syslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// ErrNoTLS says that this uinit was built without TLS, for no profile asked for tls://.
var ErrNoTLS = errors.New("this uinit was built without TLS")

// Secure puts TLS over a connection to an address, whose certificate must come from the authorities in the PEM file ca; package
// secure has one.
type Secure func(ctx context.Context, raw net.Conn, address, ca string) (net.Conn, error)

// Remote is a server of syslog.
type Remote struct {
	// Scheme is udp, tcp or tls; Address is as net.Dial takes it.
	Scheme, Address string
	// CA is the PEM file of the certificates that tls trusts. It is read with each attempt
	// to connect, so that a renewed one is found.
	CA string
	// Secure is for tls; without one there is none.
	Secure Secure
}

// Stream says that messages need frames.
func (r Remote) Stream() bool { return r.Scheme != "udp" }

// dialTimeout bounds an attempt to connect, name resolution and TLS included.
const dialTimeout = 20 * time.Second

// Dial connects to the server.
func (r Remote) Dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	network := "tcp"
	if r.Scheme == "udp" {
		network = "udp"
	}
	dialer := net.Dialer{Control: func(network, _ string, c syscall.RawConn) (err error) {
		if network == "udp4" || network == "udp6" {
			return nil
		}
		// A server that lost its power never closes the connection (tcp(7)).
		if failed := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(stuck.Milliseconds()))
		}); failed != nil {
			return failed
		}
		return err
	}}
	conn, err := dialer.DialContext(ctx, network, r.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting to the log server: %w", err)
	}
	raw := &counted{Conn: conn}
	if r.Scheme != "tls" {
		return raw, nil
	}
	if r.Secure == nil {
		raw.Close()
		return nil, ErrNoTLS
	}
	secure, err := r.Secure(ctx, raw, r.Address, r.CA)
	if err != nil {
		raw.Close()
		return nil, fmt.Errorf("connecting to the log server %s: %w", r.Address, err)
	}
	return secure, nil
}

// rawOf finds what counts the bytes of a connection, below TLS where that is used.
func rawOf(conn net.Conn) *counted {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn()
	}
	if c, ok := conn.(*counted); ok {
		return c
	}
	return &counted{Conn: conn}
}

// Open makes the Sender that the profile asks for; nil where it asks for none. The caller
// sets Report and runs it. A spool that can't be opened is an error beside a Sender that does without.
func Open(l spec.Log, f Format, secure Secure) (*Sender, error) {
	if l.Remote == "" {
		return nil, nil
	}
	scheme, address := l.Remote.Split()
	r := Remote{Scheme: scheme, Address: address, CA: l.CA, Secure: secure}
	var spool *Spool
	var err error
	if l.Spool != "" {
		spool, err = OpenSpool(l.Spool, int64(l.SpoolMax))
	}
	f.Limit = limitStream
	if !r.Stream() {
		f.Limit = limitUDP
	}
	s := NewSender(int64(l.Queue), spool, f)
	s.Level, s.Dial, s.Stream = l.Level.Number(), r.Dial, r.Stream()
	return s, err
}
