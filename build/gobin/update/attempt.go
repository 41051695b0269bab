package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// attempt asks once, and gives the init what comes of it. It returns nil where nothing is wanted any more, and an error that is temporary
// where it is worth asking again.
func (f *fetcher) attempt(ctx context.Context, t *transfer, out answers) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	resp, err := f.client.Do(t.request().WithContext(ctx))
	if err != nil {
		return f.inWords(t, err)
	}
	defer resp.Body.Close()
	p, err := t.judge(resp)
	if err != nil {
		return err
	}
	now := identity{p.total, resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}
	if t.seen, err = t.seen.join(now); err != nil {
		return fmt.Errorf("%.150s %w", t.url.EscapedPath(), err)
	}
	if t.whole && p.total >= t.end {
		return t.tooMuch()
	}
	if !t.sized {
		t.sized = true
		if err := out.size(p.total); err != nil {
			return err
		}
	}
	body := &watched{from: resp.Body, stall: f.stall, cancel: cancel}
	err = t.give(body, p, out)
	if stalled := (*errStalled)(nil); asTemporary(err) != nil && errors.As(context.Cause(ctx), &stalled) {
		return &temporary{error: stalled}
	}
	return err
}

// tooMuch is for what has no end, or one that is too far.
func (t *transfer) tooMuch() error {
	return fmt.Errorf("%.150s has more bytes than are taken: more than %d", t.url.EscapedPath(), t.end-1)
}

// give gives the init what a body has of what it asked for.
func (t *transfer) give(body io.Reader, p part, out answers) error {
	var f frame
	for at := p.start; ; {
		room := int64(maxData)
		if p.stop >= 0 {
			room = min(room, p.stop-at)
		}
		if at < t.at {
			room = min(room, t.at-at) // a server that does not know ranges sends what was not asked for
		} else {
			room = min(room, t.end-at)
		}
		if room == 0 {
			return t.rest(at, p)
		}
		n, err := body.Read(f.room()[:room])
		if at < t.at {
			at += int64(n)
		} else if n > 0 {
			if t.whole && at+int64(n) >= t.end {
				return t.tooMuch()
			}
			if err := out.data(&f, n); err != nil {
				return err
			}
			at += int64(n)
			t.at = at
		}
		switch {
		case errors.Is(err, io.EOF) && p.stop < 0:
			return t.rest(at, p)
		case errors.Is(err, io.EOF) && at < p.stop, errors.Is(err, io.ErrUnexpectedEOF):
			return &temporary{error: fmt.Errorf("the connection ended after %d bytes", at)}
		case err != nil && !errors.Is(err, io.EOF):
			return &temporary{error: fmt.Errorf("the connection broke after %d bytes: %w", at, err)}
		}
	}
}

// rest says what is to be done where a body has ended at a position.
func (t *transfer) rest(at int64, p part) error {
	switch {
	case at < t.at && t.at > t.start:
		return fmt.Errorf("%.150s has changed meanwhile: it has %d bytes, and had %d and more", t.url.EscapedPath(), at, t.at)
	case at >= t.end || t.seen.total >= 0 && at >= t.seen.total || p.stop < 0:
		return nil
	}
	return &temporary{error: fmt.Errorf("the server ended after %d bytes", at), goesOn: true}
}

// watched is a body of which something must come again and again. Only while it is waited for does the time count: the init may take its
// own.
type watched struct {
	from   io.Reader
	stall  time.Duration
	cancel context.CancelCauseFunc
}

// errStalled says that nothing came for so long.
type errStalled struct{ time.Duration }

func (e *errStalled) Error() string { return fmt.Sprintf("no byte came for %v", e.Duration) }

func (w *watched) Read(p []byte) (int, error) {
	t := time.AfterFunc(w.stall, func() { w.cancel(&errStalled{w.stall}) })
	defer t.Stop()
	return w.from.Read(p)
}
