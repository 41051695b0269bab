package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Monitor hands each uevent to whoever watches. Its zero value has no source and may be fed by hand.
type Monitor struct {
	mu       sync.Mutex
	watchers map[chan Event]func(Event) bool // what each is told
}

// backlog is how many events a slow watcher may be behind before it is told to look
// for itself (an Event with Action "overflow").
const backlog = 256

// Overflow is the Action of an event that stands for others that were lost: look again.
const Overflow = "overflow"

// Listen follows the kernel's uevents until ctx ends. Events count from its return on.
func Listen(ctx context.Context) (*Monitor, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("opening a socket for uevents: %w", err)
	}
	// A big machine sends thousands of events at once.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("subscribing to uevents: %w", err)
	}
	// As a file the descriptor waits in Go's poller, so that closing it ends the read.
	socket := os.NewFile(uintptr(fd), "uevents")
	m := &Monitor{}
	go func() {
		<-ctx.Done()
		socket.Close()
	}()
	go m.read(socket)
	return m, nil
}

func (m *Monitor) read(socket *os.File) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	buf := make([]byte, 64<<10)
	for {
		var n int
		var from unix.Sockaddr
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, from, failed = unix.Recvfrom(int(fd), buf, 0)
			return !errors.Is(failed, unix.EAGAIN)
		})
		switch {
		case err != nil:
			return
		case errors.Is(failed, unix.ENOBUFS):
			m.Send(Event{Action: Overflow})
			continue
		case failed != nil:
			continue
		}
		// Other processes may write to the socket as well; only the kernel has port 0.
		if peer, ok := from.(*unix.SockaddrNetlink); !ok || peer.Pid != 0 {
			continue
		}
		if e, err := ParseEvent(buf[:n]); err == nil {
			m.Send(e)
		}
	}
}

// Send hands an event to every watcher.
func (m *Monitor) Send(e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ch, concerns := range m.watchers {
		if concerns != nil && e.Action != Overflow && !concerns(e) {
			continue
		}
		select {
		case ch <- e:
		default:
			// Make room for the news that there is more than fits.
			select {
			case <-ch:
			default:
			}
			select {
			case ch <- Event{Action: Overflow}:
			default:
			}
		}
	}
}

// Of says of events whether they are a subsystem's.
func Of(subsystem string) func(Event) bool {
	return func(e Event) bool { return e.Subsystem() == subsystem }
}

// Watch returns the events from now on that concern the watcher, all with nil, until stop is called. Who is told of others, too, may have no
// room for its own: a disk comes with six events, of which one says that it can be read.
func (m *Monitor) Watch(concerns func(Event) bool) (events <-chan Event, stop func()) {
	ch := make(chan Event, backlog)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.watchers == nil {
		m.watchers = map[chan Event]func(Event) bool{}
	}
	m.watchers[ch] = concerns
	return ch, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, ch)
	}
}

// Wait calls ready now and after events of a subsystem ("" for any) until it says yes, fails, or ctx
// ends. Events that came together are answered by one look.
func (m *Monitor) Wait(ctx context.Context, subsystem string, ready func() (bool, error)) error {
	var concerns func(Event) bool
	if subsystem != "" {
		concerns = Of(subsystem)
	}
	events, stop := m.Watch(concerns)
	defer stop()
	for {
		if ok, err := ready(); ok || err != nil {
			return err
		}
		select {
		case <-events:
			drain(events)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// drain drops what is queued.
func drain(events <-chan Event) {
	for {
		select {
		case <-events:
		default:
			return
		}
	}
}
