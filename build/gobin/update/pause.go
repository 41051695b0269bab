package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// temporary is an error after which it is worth trying again.
type temporary struct {
	error
	// after is what the server asks for; 0: nothing.
	after time.Duration
	// goesOn says that nothing is wrong if there was progress.
	goesOn bool
}

func (t *temporary) Unwrap() error { return t.error }

func asTemporary(err error) *temporary {
	var t *temporary
	if errors.As(err, &t) {
		return t
	}
	return nil
}

// pause is how long to wait after so many attempts that brought nothing: by chance up to a half more or less, so that not all boxes
// come at once. What a server asked for is never less.
func (p patience) pause(fruitless int, asked time.Duration) time.Duration {
	if asked > 0 {
		asked = min(asked, p.longestAsked)
		return asked + rand.N(asked/4+1)
	}
	d := p.first
	for i := 1; i < fruitless && d < p.longest; i++ {
		d *= 2
	}
	d = min(d, p.longest)
	return d/2 + rand.N(d+1)
}

// retryAfter is what a server asks for with that header: seconds or a date (RFC 9110, section 10.2.3). A date counts by the server's own
// clock: this machine's may be wrong.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0)
}

// sleep waits, unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
