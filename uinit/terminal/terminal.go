// Package terminal serves the consoles of guests, and joins a person's terminal to one.
package terminal

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// scrollback is how many bytes of a console are kept for those who come later.
const scrollback = 64 << 10

// Terminal is a guest's console: what it says goes to all who are attached, and what they type
// goes to the guest. It outlives the guest's runs. It is safe for concurrent use.
type Terminal struct {
	mu      sync.Mutex
	kept    []byte
	guest   io.Writer
	clients map[chan []byte]struct{}
}

// Listen serves the console on a socket, for root alone, until close is called.
func (t *Terminal) Listen(socket string) (closer io.Closer, err error) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
		return nil, fmt.Errorf("serving a console: %w", err)
	}
	_ = os.Remove(socket) // left by a worker that crashed
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("serving a console: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("serving a console: %w", err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go t.serve(c)
		}
	}()
	return l, nil
}

// Attach joins a run of the guest to the console, until it ends.
func (t *Terminal) Attach(guest io.ReadWriter) {
	t.mu.Lock()
	t.guest = guest
	t.mu.Unlock()
	buffer := make([]byte, 4096)
	for {
		n, err := guest.Read(buffer)
		if n > 0 {
			t.say(append([]byte(nil), buffer[:n]...))
		}
		if err != nil {
			break
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.guest == guest {
		t.guest = nil
	}
}

// say keeps what the guest says and hands it on. Who does not keep up is sent away: the guest must not
// wait for anybody.
func (t *Terminal) say(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if extra := len(t.kept) - scrollback; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	for client := range t.clients {
		select {
		case client <- b:
		default:
			close(client)
			delete(t.clients, client)
		}
	}
}

// serve shows a client what was said, then what comes, and passes on what it types.
func (t *Terminal) serve(c net.Conn) {
	defer c.Close()
	lines := make(chan []byte, 256)
	t.mu.Lock()
	if t.clients == nil {
		t.clients = map[chan []byte]struct{}{}
	}
	t.clients[lines] = struct{}{}
	lines <- append([]byte(nil), t.kept...)
	t.mu.Unlock()
	go func() {
		_, _ = io.Copy(typist{t}, c)
		t.mu.Lock()
		defer t.mu.Unlock()
		if _, there := t.clients[lines]; there {
			close(lines)
			delete(t.clients, lines)
		}
	}()
	for b := range lines {
		if _, err := c.Write(b); err != nil {
			return // the reader above notices, too
		}
	}
}

// typist writes to whichever run of the guest there is; between two, what is typed is lost.
type typist struct{ t *Terminal }

func (w typist) Write(b []byte) (int, error) {
	w.t.mu.Lock()
	guest := w.t.guest
	w.t.mu.Unlock()
	if guest != nil {
		_, _ = guest.Write(b)
	}
	return len(b), nil
}
