package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// patience is how long, how often and how much.
type patience struct {
	// tries is how many attempts may bring nothing.
	tries int
	// stall is how long a server may say nothing, dial how long it may take to find its address and reach it.
	stall, dial time.Duration
	// first is the first pause between attempts; they double up to longest. longestAsked bounds what a server asks for.
	first, longest, longestAsked time.Duration
	// most is how many bytes are taken where no length was asked for.
	most int64
}

// usual is what applies unless flags say otherwise.
var usual = patience{tries: 8, stall: 30 * time.Second, dial: 30 * time.Second, first: time.Second, longest: time.Minute, longestAsked: 10 * time.Minute, most: 4 << 30}

// fetcher asks servers.
type fetcher struct {
	patience
	names   *names
	client  *http.Client
	trusted *x509.CertPool
}

// newFetcher makes a fetcher that knows https servers by the trusted certificates, or none by nil.
func newFetcher(p patience, trusted *x509.CertPool) *fetcher {
	n := &names{limit: p.dial}
	return &fetcher{p, n, newClient(p, n, trusted), trusted}
}

// get gives the init what it asked for. What it returns but for errGone is for people.
func (f *fetcher) get(ctx context.Context, o order, out answers) error {
	target, err := url.Parse(o.url)
	if err != nil {
		return fmt.Errorf("this is no address: %.100q; accepted: https://HOST/PATH, http://HOST/PATH", o.url)
	}
	if err := f.may(target); err != nil {
		return err
	}
	t := newTransfer(o, target, f.most)
	for fruitless := 0; ; {
		before := t.at
		err := f.attempt(ctx, t, out)
		again := asTemporary(err)
		if again == nil {
			return err
		}
		switch {
		case t.at > before && again.goesOn:
			continue // the server gave a part of what was asked for, which it may (RFC 9110, section 15.3.7)
		case t.at > before:
			fruitless = 0
		default:
			fruitless++
		}
		if fruitless >= f.tries {
			if fruitless == 1 {
				return fmt.Errorf("gave up: %w", again)
			}
			return fmt.Errorf("gave up, for nothing came of %d attempts: %w", fruitless, again)
		}
		pause := f.pause(fruitless, again.after)
		if err := out.wait(fmt.Sprintf("%v; again in %v", again, pause.Round(100*time.Millisecond))); err != nil {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		// The connection may be dead without anybody having said so, and HTTP/2 would ask by it again.
		f.client.CloseIdleConnections()
	}
}

// may says why nothing is asked of an address.
func (f *fetcher) may(target *url.URL) error {
	switch {
	case target.Scheme != "http" && target.Scheme != "https" || target.Host == "":
		return fmt.Errorf("%.60q is not fetched; accepted: https://HOST/PATH, http://HOST/PATH", target.Scheme+"://"+target.Host)
	case target.Scheme == "https" && f.trusted == nil:
		return errUnknowable(target.Host)
	}
	return nil
}
