package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// transfer is a get, over all its attempts. Positions are bytes of the whole resource.
type transfer struct {
	url *url.URL
	// start is the first byte that was asked for, at the next one to give, end the first that is not asked for.
	start, at, end int64
	// whole says that no length was asked for: end is where it becomes too much.
	whole bool
	// seen is what the server said of the resource first.
	seen identity
	// sized says that the init knows the size.
	sized bool
}

func newTransfer(o order, target *url.URL, most int64) *transfer {
	t := &transfer{url: target, start: o.offset, at: o.offset, end: o.offset + o.length, whole: o.length == 0, seen: identity{total: -1}}
	if t.whole {
		t.end = o.offset + most + 1 // one byte more than is taken, to see that there is more
		if t.end < o.offset {
			t.end = 1<<63 - 1
		}
	}
	return t
}

// identity is what tells two states of a resource from each other.
type identity struct {
	total              int64 // bytes; -1: the server does not say
	etag, lastModified string
}

// validator is what If-Range takes: a strong entity tag or a date (RFC 9110, section 13.1.5).
func (i identity) validator() string {
	if i.etag != "" && !strings.HasPrefix(i.etag, "W/") {
		return i.etag
	}
	return i.lastModified
}

// join adds what a later answer says. What it leaves out may be as it was.
func (i identity) join(later identity) (identity, error) {
	switch {
	case i.total >= 0 && later.total >= 0 && i.total != later.total:
		return i, fmt.Errorf("has changed meanwhile: it has %d bytes, and had %d", later.total, i.total)
	case i.etag != "" && later.etag != "" && i.etag != later.etag:
		return i, errors.New("has changed meanwhile: it has another entity tag")
	case i.lastModified != "" && later.lastModified != "" && i.lastModified != later.lastModified:
		return i, fmt.Errorf("has changed meanwhile: it is of %.40s, and was of %.40s", later.lastModified, i.lastModified)
	}
	if i.total < 0 {
		i.total = later.total
	}
	if i.etag == "" && i.lastModified == "" {
		i.etag, i.lastModified = later.etag, later.lastModified
	}
	return i, nil
}

// part is what an answer's body holds of the resource: from start to stop; stop -1: to its end.
type part struct{ start, stop, total int64 }

// judge says what an answer brings.
func (t *transfer) judge(resp *http.Response) (part, error) {
	where := t.url.EscapedPath()
	if resp.Request != nil && resp.Request.URL.Host != t.url.Host { // it was sent elsewhere
		where = resp.Request.URL.Host + resp.Request.URL.EscapedPath()
	}
	status := fmt.Sprintf("%.150s: the server answers %d %s", where, resp.StatusCode, http.StatusText(resp.StatusCode))
	asked := resp.Request != nil && resp.Request.Header.Get("Range") != ""
	encoding := resp.Header.Get("Content-Encoding")
	switch code := resp.StatusCode; {
	case (code == http.StatusOK || code == http.StatusPartialContent) && encoding != "" && encoding != "identity":
		return part{}, fmt.Errorf("%.150s: the server sends it as %.40q; accepted: as it is", where, encoding)
	case code == http.StatusOK:
		return part{0, resp.ContentLength, resp.ContentLength}, nil
	case code == http.StatusPartialContent && asked:
		p, err := parseContentRange(resp.Header.Get("Content-Range"))
		if err == nil && (p.start != t.at || p.stop < 0) {
			err = fmt.Errorf("bytes from %d on", p.start)
		}
		if err != nil {
			return part{}, fmt.Errorf("%.150s: asked for bytes from %d on, the server answers with %w", where, t.at, err)
		}
		return p, nil
	case code == http.StatusRequestedRangeNotSatisfiable && asked:
		if p, err := parseContentRange(resp.Header.Get("Content-Range")); err == nil && p.stop < 0 && p.total <= t.at {
			return part{t.at, t.at, p.total}, nil // there is nothing of what was asked for
		}
	case code == http.StatusTooManyRequests || code >= 500:
		return part{}, &temporary{error: errors.New(status), after: retryAfter(resp.Header, time.Now())}
	}
	return part{}, errors.New(status)
}
