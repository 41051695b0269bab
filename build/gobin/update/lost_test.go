package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// relay leads to a server by connections of which the first one goes dead after so many bytes: neither side hears of it, as where a box
// was given another way to the network. It returns its address, and counts connections.
func relay(t *testing.T, to string, bytes int64) (address string, connections *atomic.Int32) {
	t.Helper()
	l := listen4(t)
	connections = new(atomic.Int32)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				return
			}
			t.Cleanup(func() { client.Close(); server.Close() })
			var from io.Reader = server
			if connections.Add(1) == 1 {
				from = io.LimitReader(server, bytes)
			}
			go func() { _, _ = io.Copy(server, client) }()
			go func() { _, _ = io.Copy(client, from) }()
		}
	}()
	return l.Addr().String(), connections
}

// After a stall it asks by another connection: HTTP/2 would go on with the one that is dead.
func TestDeadConnection(t *testing.T) {
	for _, kind := range kinds {
		s, trusted := start(t, kind, http.HandlerFunc(whole))
		address, connections := relay(t, s.Listener.Addr().String(), 100_000)
		url := s.URL[:len(s.URL)-len(s.Listener.Addr().String())] + address
		p := hasty
		p.tries, p.first, p.longest = 2, 50*time.Millisecond, 50*time.Millisecond
		h := inside(t, newFetcher(p, trusted)).get(nil, 0, 0, url)
		if h.err != "" || !bytes.Equal(h.data, text) || len(h.waits) != 1 || connections.Load() != 2 {
			t.Errorf("%s: %d bytes by %d connections, waits %q, %q", kind, len(h.data), connections.Load(), h.waits, h.err)
		}
	}
}

// A server is not asked again before the time that it asks for.
func TestAsksLater(t *testing.T) {
	var first time.Time
	var after time.Duration
	s, _ := start(t, kinds[0], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first.IsZero() {
			first = time.Now()
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		after = time.Since(first)
		whole(w, r)
	}))
	p := hasty
	p.longestAsked = time.Minute
	if h := inside(t, newFetcher(p, nil)).get(nil, 0, 0, s.URL); h.err != "" || after < time.Second {
		t.Errorf("asked again after %v; %s", after, h.err)
	}
}
