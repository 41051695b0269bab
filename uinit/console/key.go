package console

import (
	"context"
	"time"

	"golang.org/x/sys/unix"
)

// AwaitKey returns the terminal on which somebody presses key first; "" when ctx ends before. What
// else is typed meanwhile is lost. A terminal that somebody takes over is no longer listened to.
func AwaitKey(ctx context.Context, names []string, key byte) string {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pressed := make(chan string, len(names))
	ended := make(chan struct{}, len(names))
	listening := 0
	for _, name := range names {
		t, err := thisHost.listen(name)
		if err != nil {
			continue
		}
		listening++
		go func() {
			if t.awaitKey(ctx, key) {
				pressed <- name
			}
			ended <- struct{}{}
		}()
	}
	name := ""
	select {
	case name = <-pressed:
	case <-ctx.Done():
	}
	stop()
	for range listening {
		<-ended // with its modes as they were
	}
	return name
}

// listen opens a terminal, without taking it over, for single keys.
func (h host) listen(name string) (*terminal, error) {
	if !h.present(name) {
		return nil, &AbsentError{Name: name}
	}
	f, err := h.openTerminal(name)
	if err != nil {
		return nil, err
	}
	t, err := newTerminal(f, name)
	if err != nil {
		f.Close()
	}
	return t, err
}

// awaitKey says whether the key came before ctx ended, and leaves the terminal as it was.
func (t *terminal) awaitKey(ctx context.Context, key byte) bool {
	defer t.Close()
	before := t.mode
	keys := listening(before)
	if unix.IoctlSetTermios(t.fd(), unix.TCSETS2, &keys) != nil {
		return false
	}
	defer func() { _ = unix.IoctlSetTermios(t.fd(), unix.TCSETS2, &before) }()
	defer context.AfterFunc(ctx, func() { _ = t.SetReadDeadline(time.Unix(1, 0)) })()
	for {
		var b [1]byte
		n, err := t.File.Read(b[:])
		if err != nil || n == 0 || ctx.Err() != nil {
			return false
		}
		if b[0] == key {
			return true
		}
	}
}
