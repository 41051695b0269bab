package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// text is what the servers of these tests have.
var text = content(300_000)

// whole serves all of it as it should be.
func whole(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

// broken serves it, and breaks off after n bytes.
func broken(w http.ResponseWriter, r *http.Request, n int) {
	whole(&cut{w, n}, r)
}

type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(b []byte) (int, error) {
	n := min(len(b), c.left)
	c.left -= n
	if _, err := c.ResponseWriter.Write(b[:n]); err != nil {
		return 0, err
	}
	if c.left == 0 {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

// partial answers with a status 206, whatever it is asked.
func partial(w http.ResponseWriter, contentRange string, body []byte) {
	w.Header().Set("Content-Range", contentRange)
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(body)
}

const all = -1 // for a length that is not asked for

// servers are servers with faults; n counts what they are asked from 0 on.
var servers = []struct {
	name           string
	offset, length int64
	answer         func(w http.ResponseWriter, r *http.Request, n int)
	// What is heard: the data from start to stop, so many waits, the error.
	size        int64
	start, stop int
	waits       int
	err         string
}{
	{"sound", 0, all, func(w http.ResponseWriter, r *http.Request, _ int) { whole(w, r) }, 300_000, 0, 300_000, 0, ""},
	{"a range", 1000, 70_000, func(w http.ResponseWriter, r *http.Request, _ int) { whole(w, r) }, 300_000, 1000, 71_000, 0, ""},
	{"the start", 0, 10, func(w http.ResponseWriter, r *http.Request, _ int) { whole(w, r) }, 300_000, 0, 10, 0, ""},
	{"to the end", 299_000, all, func(w http.ResponseWriter, r *http.Request, _ int) { whole(w, r) }, 300_000, 299_000, 300_000, 0, ""},
	{"over the end", 299_000, 5000, func(w http.ResponseWriter, r *http.Request, _ int) { whole(w, r) }, 300_000, 299_000, 300_000, 0, ""},
	{"behind the end", 300_000, 5000, func(w http.ResponseWriter, r *http.Request, _ int) { whole(w, r) }, 300_000, 0, 0, 0, ""},
	{"breaks off", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		if n < 2 {
			broken(w, r, 100_000)
		}
		whole(w, r)
	}, 300_000, 0, 300_000, 2, ""},
	{"breaks off in a range", 1000, 250_000, func(w http.ResponseWriter, r *http.Request, n int) { broken(w, r, 100_000) }, 300_000, 1000, 251_000, 2, ""},
	{"does not know ranges", 1000, 70_000, func(w http.ResponseWriter, r *http.Request, _ int) { _, _ = w.Write(text[:100_000]) }, -1, 1000, 71_000, 0, ""},
	{"breaks off and does not know ranges", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		r.Header.Del("Range")
		if n == 0 {
			broken(w, r, 100_000)
		}
		whole(w, r)
	}, 300_000, 0, 300_000, 1, ""},
	{"gives a part of what was asked for", 0, 60, func(w http.ResponseWriter, r *http.Request, n int) {
		partial(w, fmt.Sprintf("bytes %d-%d/300000", n*20, n*20+19), text[n*20:n*20+20])
	}, 300_000, 0, 60, 0, ""},
	{"other bytes", 10, 10, func(w http.ResponseWriter, r *http.Request, _ int) { partial(w, "bytes 0-9/300000", text[:10]) },
		-2, 0, 0, 0, `/x: asked for bytes from 10 on, the server answers with bytes from 0 on`},
	{"no range", 10, 10, func(w http.ResponseWriter, r *http.Request, _ int) { partial(w, "", text[:10]) },
		-2, 0, 0, 0, `/x: asked for bytes from 10 on, the server answers with "" for the range (Content-Range)`},
	{"a part of nothing asked for", 0, all, func(w http.ResponseWriter, r *http.Request, _ int) { partial(w, "bytes 0-9/300000", text[:10]) },
		-2, 0, 0, 0, `/x: the server answers 206 Partial Content`},
	{"says too much", 0, all, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Content-Length", "1000")
		if r.Header.Get("Range") != "" {
			partial(w, "bytes 100-999/1000", nil)
		} else {
			_, _ = w.Write(text[:100])
		}
	}, 1000, 0, 100, 3, "gave up, for nothing came of 3 attempts: the connection ended after 100 bytes"},
	{"says too little", 0, all, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write(text[:100])
		_, _ = w.Write(text[100:])
	}, 100, 0, 100, 0, ""},
	{"says another size later", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			broken(w, r, 1000)
		}
		partial(w, "bytes 1000-1999/2000", text[1000:2000])
	}, 300_000, 0, 1000, 1, "/x has changed meanwhile: it has 2000 bytes, and had 300000"},
	{"becomes another one", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			broken(w, r, 1000)
		}
		w.Header().Set("ETag", `"2"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	}, 300_000, 0, 1000, 1, "/x has changed meanwhile: it has another entity tag"},
	{"becomes shorter and never says", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			_, _ = w.Write(text[:100_000])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(text[:50_000])
	}, -1, 0, 100_000, 1, "/x has changed meanwhile: it has 50000 bytes, and had 100000 and more"},
	{"without an end, cut", 0, 200_000, func(w http.ResponseWriter, r *http.Request, _ int) {
		for {
			if _, err := w.Write(text); err != nil {
				return
			}
		}
	}, -1, 0, 200_000, 0, ""},
	{"too large", 0, all, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Content-Length", strconv.Itoa(1<<20+1))
		_, _ = w.Write(text)
	}, -2, 0, 0, 0, "/x has more bytes than are taken: more than 1048576"},
	{"drips", 0, 20, func(w http.ResponseWriter, r *http.Request, _ int) {
		for _, c := range text[:20] { // longer than a stall in all
			_, _ = w.Write([]byte{c})
			_ = http.NewResponseController(w).Flush()
			<-time.After(hasty.stall / 10)
		}
	}, -1, 0, 20, 0, ""},
	{"stalls", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			_, _ = w.Write(text[:1000])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		whole(w, r)
	}, 300_000, 0, 300_000, 1, ""},
	{"says nothing at all", 0, all, func(w http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() },
		-2, 0, 0, 2, "gave up, for nothing came of 3 attempts: 127.0.0.1 does not answer"},
	{"is gone", 0, all, func(w http.ResponseWriter, r *http.Request, _ int) { http.NotFound(w, r) }, -2, 0, 0, 0, "/x: the server answers 404 Not Found"},
	{"is for others", 0, all, func(w http.ResponseWriter, r *http.Request, _ int) { w.WriteHeader(403) }, -2, 0, 0, 0, "/x: the server answers 403 Forbidden"},
	{"is busy", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		switch n {
		case 0:
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(503)
		case 1:
			w.WriteHeader(429)
		default:
			whole(w, r)
		}
	}, 300_000, 0, 300_000, 2, ""},
	{"is broken for good", 0, all, func(w http.ResponseWriter, r *http.Request, n int) { w.WriteHeader(500) },
		-2, 0, 0, 2, "gave up, for nothing came of 3 attempts: /x: the server answers 500 Internal Server Error"},
	{"sends elsewhere", 0, 20, func(w http.ResponseWriter, r *http.Request, n int) {
		if n < 5 {
			http.Redirect(w, r, "/x", http.StatusFound)
			return
		}
		whole(w, r)
	}, 300_000, 0, 20, 0, ""},
	{"sends elsewhere too often", 0, 20, func(w http.ResponseWriter, r *http.Request, n int) {
		if n < 6 {
			http.Redirect(w, r, "/x", http.StatusFound)
			return
		}
		whole(w, r)
	}, -2, 0, 0, 0, "SERVER sends elsewhere more than 5 times"},
	{"sends around", 0, all, func(w http.ResponseWriter, r *http.Request, n int) { http.Redirect(w, r, "/x", http.StatusFound) },
		-2, 0, 0, 0, "SERVER sends elsewhere more than 5 times"},
	{"sends to a file", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		http.Redirect(w, r, "file:///etc/shadow", http.StatusFound)
	}, -2, 0, 0, 0, `SERVER sends to an address that is not fetched: "file://"; accepted: https, http`},
	{"compresses", 0, all, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Content-Encoding", "gzip")
		whole(w, r)
	}, -2, 0, 0, 0, `/x: the server sends it as "gzip"; accepted: as it is`},
}

func TestServers(t *testing.T) {
	for _, kind := range kinds {
		for _, tt := range servers {
			t.Run(kind+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				var asked atomic.Int32
				s, trusted := start(t, kind, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("User-Agent") != "imgbuild-update" || r.Header.Get("Accept-Encoding") != "identity" || r.Header.Get("Referer") != "" {
						t.Errorf("the server is told %v", r.Header)
					}
					if (r.ProtoMajor == 2) != (kind == kinds[2]) {
						t.Errorf("it is asked by %s", r.Proto)
					}
					tt.answer(w, r, int(asked.Add(1))-1)
				}))
				h := inside(t, newFetcher(hasty, trusted)).get(nil, tt.offset, max(tt.length, 0), s.URL+"/x?secret")
				if h.size != tt.size || !bytes.Equal(h.data, text[tt.start:tt.stop]) || len(h.waits) != tt.waits {
					t.Errorf("size %d, %d bytes, waits %q; want size %d, %d bytes, %d waits", h.size, len(h.data), h.waits, tt.size, tt.stop-tt.start, tt.waits)
				}
				if want := strings.ReplaceAll(tt.err, "SERVER", s.Listener.Addr().String()); h.err != want {
					t.Errorf("%q, want %q", h.err, want)
				}
			})
		}
	}
}

// What has no end is cut, and what is larger than anybody needs is not kept in memory.
func TestTooMuch(t *testing.T) {
	for _, kind := range kinds {
		s, trusted := start(t, kind, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i := 0; r.URL.Path == "/head" && i < 200; i++ {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
			}
			for {
				if _, err := w.Write(text); err != nil {
					return
				}
			}
		}))
		c := inside(t, newFetcher(hasty, trusted))
		h := c.get(nil, 0, 0, s.URL+"/x")
		if h.err != "/x has more bytes than are taken: more than 1048576" || len(h.data) > 1<<20 || len(h.data) == 0 {
			t.Errorf("%s: %d bytes, %s", kind, len(h.data), h.err)
		}
		if h := c.get(nil, 0, 0, s.URL+"/head"); h.err == "" || h.size != -2 || len(h.waits) != 2 {
			t.Errorf("%s: a header of 200 kB: size %d, %q", kind, h.size, h.err)
		}
	}
}

// What comes back goes on from where it was, by ranges and by what tells the resource from another one.
func TestResumes(t *testing.T) {
	var asked []string
	s, trusted := start(t, kinds[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Range")+" "+r.Header.Get("If-Range"))
		broken(w, r, 120_000)
	}))
	h := inside(t, newFetcher(hasty, trusted)).get(nil, 0, 0, s.URL)
	want := []string{" ", `bytes=120000- "1"`, `bytes=240000- "1"`}
	if !bytes.Equal(h.data, text) || !slices.Equal(asked, want) || h.err != "" {
		t.Errorf("%d bytes, asked %q, want %q; %s", len(h.data), asked, want, h.err)
	}
}

// What a server says later of a resource is compared with what it said before, as far as it says it.
func TestIdentity(t *testing.T) {
	const date, other = "Sun, 29 Nov 2026 12:00:00 GMT", "Sun, 29 Nov 2026 12:00:01 GMT"
	for _, tt := range []struct {
		before, later, want identity
		validator           string
		changed             bool
	}{
		{identity{5, `"1"`, date}, identity{5, `"1"`, date}, identity{5, `"1"`, date}, `"1"`, false},
		{identity{5, `"1"`, date}, identity{-1, "", ""}, identity{5, `"1"`, date}, `"1"`, false},
		{identity{-1, "", ""}, identity{5, "", date}, identity{5, "", date}, date, false},
		{identity{5, `W/"1"`, date}, identity{5, `W/"1"`, ""}, identity{5, `W/"1"`, date}, date, false}, // a weak tag does not vouch for bytes
		{identity{5, `W/"1"`, ""}, identity{5, "", ""}, identity{5, `W/"1"`, ""}, "", false},
		{identity{5, "", date}, identity{5, "", other}, identity{5, "", date}, date, true},
		{identity{5, `"1"`, date}, identity{5, `"2"`, date}, identity{5, `"1"`, date}, `"1"`, true},
		{identity{5, "", ""}, identity{6, "", ""}, identity{5, "", ""}, "", true},
	} {
		got, err := tt.before.join(tt.later)
		if got != tt.want || (err != nil) != tt.changed || got.validator() != tt.validator {
			t.Errorf("%v, then %v: %v, %v, If-Range: %s", tt.before, tt.later, got, err, got.validator())
		}
	}
}
