package qemu_tests

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/imgbuild/imgbuild/build/gobin/update/updatetest"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// depot is a server of versions, for boxes and for a crowd beside them. While a box fetches the first version that is given away, each of
// the crowd is in the middle of that.
type depot struct {
	*updatetest.Server
	dir string
	// begun ends when a box wants more of a version than what it begins with, done when it has that.
	begun, done context.Context
	begin, end  func()
	// halves counts the crowd down.
	halves sync.WaitGroup

	mu sync.Mutex
	// heads are how long the beginnings of versions are, in bytes, with their manifests; by path, as all that follows.
	heads map[string]int64
	// looks are how often signatures were asked for, content how many bytes were given that lie behind a beginning.
	looks, content map[string]int64
	// look is closed at the next look.
	look chan struct{}
}

// forCrowd begins the paths by which a crowd asks for the same versions.
const forCrowd = "/crowd"

func newDepot(t *testing.T, crowd int) *depot {
	t.Helper()
	d := &depot{dir: t.TempDir(), heads: map[string]int64{}, looks: map[string]int64{}, content: map[string]int64{}, look: make(chan struct{})}
	d.begun, d.begin = context.WithCancel(t.Context())
	d.done, d.end = context.WithCancel(t.Context())
	d.halves.Add(crowd)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.Server = updatetest.ServeAt(t, l, d, updatetest.ForGuests)
	return d
}

// publish has the depot give a version away.
func (d *depot) publish(t *testing.T, path string, a appliance) {
	t.Helper()
	f, err := os.Open(a.update())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := slot.ReadHead(f)
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	d.heads[path] = slot.HeadSize(len(text))
	d.mu.Unlock()
	for _, suffix := range []string{slot.SignatureSuffix, ""} {
		content, err := os.ReadFile(a.update() + suffix)
		at := filepath.Join(d.dir, path+suffix)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(at), 0o755)
		}
		if err == nil {
			err = os.WriteFile(at+".new", content, 0o600)
		}
		if err == nil {
			err = os.Rename(at+".new", at)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// ServeHTTP implements http.Handler.
func (d *depot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	files, path := http.FileServer(http.Dir(d.dir)), r.URL.Path
	if rest, ok := strings.CutPrefix(path, forCrowd); ok {
		r.URL.Path = rest
		files.ServeHTTP(&halfway{ResponseWriter: w, depot: d}, r)
		return
	}
	from := int64(0)
	_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
	d.mu.Lock()
	if strings.HasSuffix(path, slot.SignatureSuffix) {
		d.looks[path]++
		close(d.look)
		d.look = make(chan struct{})
	}
	head, version := d.heads[path]
	d.mu.Unlock()
	if version && from >= head {
		d.begin()
		d.halves.Wait()
		defer d.end()
		w = contentOf{w, d, path}
	}
	files.ServeHTTP(w, r)
}

// given is how often a path's version was looked at, and how much was given of its content.
func (d *depot) given(path string) (looks, content int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.looks[path+slot.SignatureSuffix], d.content[path]
}

// looked waits until a guest has looked at a path's version so often.
func (d *depot) looked(t *testing.T, g *qemu.Guest, path string, looks int64) {
	t.Helper()
	for {
		d.mu.Lock()
		next := d.look
		d.mu.Unlock()
		if now, _ := d.given(path); now >= looks {
			return
		}
		select {
		case <-next:
		case <-g.Exited():
			t.Fatal("the guest ended before it looked again")
		}
	}
}

// contentOf counts what is given.
type contentOf struct {
	http.ResponseWriter
	depot *depot
	path  string
}

func (c contentOf) Write(b []byte) (int, error) {
	c.depot.mu.Lock()
	c.depot.content[c.path] += int64(len(b))
	c.depot.mu.Unlock()
	return c.ResponseWriter.Write(b)
}

// halfway gives somebody of the crowd a first piece, and the others when a box has what it came for.
type halfway struct {
	http.ResponseWriter
	depot *depot
	begun bool
}

func (h *halfway) Write(b []byte) (int, error) {
	if h.begun && h.depot.done.Err() == nil {
		<-h.depot.done.Done()
	}
	n, err := h.ResponseWriter.Write(b)
	if !h.begun {
		h.begun = true
		_ = http.NewResponseController(h.ResponseWriter).Flush()
		h.depot.halves.Done()
	}
	return n, err
}
