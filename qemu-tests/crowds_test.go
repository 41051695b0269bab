package qemu_tests

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// crowds are clients who have addresses of their own, but no key. memory is what they may cost, in KiB, besides what any attack may: a
// place of ssh.max_pending with a client who speaks SSH is a process of 1.5 MB.
var crowds = []struct {
	name string
	lan.Crowd
	memory int
}{
	{"TLS handshakes", lan.Crowd{Port: 22, Addresses: 7, Each: 1, Talk: func(ctx context.Context, conn net.Conn) {
		ctx, end := context.WithTimeout(ctx, 2*time.Second)
		defer end()
		_ = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx)
	}}, 0},
	{"SSH clients who leave", lan.Crowd{Port: 22, Addresses: 7, Each: 8, Talk: func(ctx context.Context, conn net.Conn) {
		greet(ctx, conn)
		_, _ = io.ReadFull(conn, make([]byte, 64)) // the server's own greeting, and some of what follows
	}}, 100 * 1536},
	{"SSH clients who stay", lan.Crowd{Port: 22, Addresses: 7, Each: 8, Talk: func(ctx context.Context, conn net.Conn) {
		greet(ctx, conn)
		_, _ = io.Copy(io.Discard, conn)
	}}, 100 * 1536},
}

// greet says what makes the server take a client for one of SSH.
func greet(_ context.Context, conn net.Conn) { _, _ = io.WriteString(conn, "SSH-2.0-mallory\r\n") }
