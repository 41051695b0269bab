package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	// hurry is how long a client may take to ask, and patience how long to take the answer.
	hurry, patience = 5 * time.Second, 10 * time.Second
	// maxHeader is how many bytes a question may have.
	maxHeader = 8 << 10
)

// serveAll answers on all listeners until ctx ends, or something is broken: who started the program starts it anew. Each
// connection is one question: those that are kept open would take places from others.
func serveAll(ctx context.Context, listeners []net.Listener, g *gate, h http.Handler, broken <-chan error) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: hurry, ReadTimeout: hurry, WriteTimeout: hurry + patience, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(os.Stderr, "", 0),
	}
	server.SetKeepAlivesEnabled(false)
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- server.Serve(g.guard(l)) }()
	}
	defer server.Close()
	select {
	case err := <-ended:
		return err
	case err := <-broken:
		return err
	case <-ctx.Done():
	}
	going, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := server.Shutdown(going); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
