package updatetest

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Server serves a directory by HTTPS until the test ends.
type Server struct {
	// URL is its address by IPv4's loopback, without a slash at its end: https://127.0.0.1:PORT. Port is the last part of it.
	URL, Port string
	// CA is what clients know it by, as PEM.
	CA []byte

	mu     sync.Mutex
	served map[string]int64
}

// ForGuests are hosts by which a server is known: this machine to itself, and to guests of QEMU's own network.
var ForGuests = []string{"127.0.0.1", "::1", "localhost", "10.0.2.2"}

// Serve serves dir, at any port of IPv4's loopback. Ranges, If-Range and Last-Modified are net/http's; there are no entity tags. hosts are
// what its certificate is for, such as ForGuests.
func Serve(t testing.TB, dir string, hosts []string) *Server {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ServeAt(t, l, http.FileServer(http.Dir(dir)), hosts)
}

// ServeAt has a handler answer on a listener.
func ServeAt(t testing.TB, l net.Listener, h http.Handler, hosts []string) *Server {
	t.Helper()
	a := NewAuthority(t)
	s := &Server{CA: a.PEM, served: map[string]int64{}}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(counting{w, s, r.URL.Path}, r)
		}),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{a.Issue(t, hosts, nil)}},
		ErrorLog:  log.New(io.Discard, "", 0), // of clients that do not trust it
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(l, "", "") }()
	t.Cleanup(func() {
		server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serving updates: %v", err)
		}
	})
	s.URL = "https://" + l.Addr().String()
	_, s.Port, _ = net.SplitHostPort(l.Addr().String())
	return s
}

// Served is how many bytes of bodies were given of a path, in all.
func (s *Server) Served(path string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served[path]
}

// counting counts what is written for a path.
type counting struct {
	http.ResponseWriter
	server *Server
	path   string
}

func (c counting) Write(b []byte) (int, error) {
	c.count(len(b)) // before the client has them, so that it finds them counted
	n, err := c.ResponseWriter.Write(b)
	c.count(n - len(b))
	return n, err
}

func (c counting) count(n int) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.served[c.path] += int64(n)
}

// Unwrap is for http.ResponseController.
func (c counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }
