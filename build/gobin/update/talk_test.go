package main

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hasty is patience for tests.
var hasty = patience{tries: 3, stall: 300 * time.Millisecond, dial: 5 * time.Second, first: time.Millisecond, longest: 4 * time.Millisecond, longestAsked: 50 * time.Millisecond, most: 1 << 20}

// talk is what the init has with the program.
type talk struct {
	t  testing.TB
	to io.Writer
	in *bufio.Reader
	// waits is called with each line "wait", before the program goes on.
	waits func(text string)
}

// heard is what came of a get.
type heard struct {
	size  int64 // -2: nothing was said of it
	data  []byte
	waits []string
	err   string
}

// inside starts the program in this process, and ends it with the test.
func inside(t testing.TB, f *fetcher) *talk {
	t.Helper()
	fromInit, toProgram := io.Pipe()
	fromProgram, toInit := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(t.Context(), fromInit, toInit, f) }()
	t.Cleanup(func() {
		toProgram.Close()
		if err := <-ended; err != nil {
			t.Errorf("the program ended: %v", err)
		}
		fromProgram.Close()
	})
	return &talk{t: t, to: toProgram, in: bufio.NewReader(fromProgram)}
}

// say sends a line.
func (c *talk) say(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.to, format+"\n", args...); err != nil {
		c.t.Fatal(err)
	}
}

// get asks, and holds the program to the protocol. data goes to sink, or where that is nil into heard.
func (c *talk) get(sink io.Writer, offset, length int64, url string) (h heard) {
	c.t.Helper()
	c.say("get %d %d %s", offset, length, url)
	h.size = -2
	var kept bytes.Buffer
	if sink == nil {
		sink = &kept
	}
	for {
		line, err := c.in.ReadString('\n')
		if err != nil || len(line) > maxLine || strings.TrimSuffix(line, "\n") != printable(line[:len(line)-1]) {
			c.t.Fatalf("%q, %v after %d bytes", line, err, kept.Len())
		}
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.ParseInt(rest, 10, 64)
		switch {
		case word == "size" && err == nil && h.size == -2 && kept.Len() == 0:
			h.size = n
		case word == "data" && err == nil && n > 0 && n <= maxData && h.size != -2:
			if _, err := io.CopyN(sink, c.in, n); err != nil {
				c.t.Fatal(err)
			}
		case word == "wait" && len(rest) <= maxWait:
			h.waits = append(h.waits, rest)
			if c.waits != nil {
				c.waits(rest)
			}
		case word == "error" && rest != "":
			h.data, h.err = kept.Bytes(), rest
			return h
		case line == "end\n":
			h.data = kept.Bytes()
			return h
		default:
			c.t.Fatalf("%q after size %d, %d bytes, %q", line, h.size, kept.Len(), h.waits)
		}
	}
}

// content is n bytes of which no two runs are alike.
func content(n int) []byte {
	b := make([]byte, 0, n+8)
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, "%07d\n", i)
	}
	return b[:n]
}

// kinds are the protocols that servers speak.
var kinds = []string{"http", "https by HTTP/1.1", "https by HTTP/2"}

// start starts a server of a kind, and returns who trusts it.
func start(t testing.TB, kind string, h http.Handler) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = kind == kinds[2]
	if kind == kinds[0] {
		s.Start()
	} else {
		s.StartTLS()
	}
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	pool := x509.NewCertPool()
	if s.Certificate() != nil {
		pool.AddCert(s.Certificate())
	}
	return s, pool
}

// pair is a socket whose other end is a file for a program.
func pair(t testing.TB) (ours, theirs *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs = os.NewFile(uintptr(fds[0]), "init"), os.NewFile(uintptr(fds[1]), "program")
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours, theirs
}

// pemOf is a certificate as -ca takes it.
func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
