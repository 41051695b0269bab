package oci

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/imgbuild/imgbuild/internal/progress"
)

// noted collects notes.
type noted struct {
	progress.Reporter
	notes []string
}

func (n *noted) Note(format string, args ...any) {
	n.notes = append(n.notes, fmt.Sprintf(format, args...))
}

// speaks is a registry that has an image as app:1, counts what it is asked, and may want a login.
type speaks struct {
	*httptest.Server
	m      *made
	asked  atomic.Int32
	login  string
	before func(name string)
}

func registryOf(t *testing.T, m *made) *speaks {
	t.Helper()
	s := &speaks{m: m}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *speaks) ref(rest string) string {
	return scheme + strings.TrimPrefix(s.URL, "http://") + "/app" + rest
}

func (s *speaks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if user, password, ok := r.BasicAuth(); s.login != "" && (!ok || user+":"+password != s.login) {
		w.Header().Set("WWW-Authenticate", `Basic realm="app"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	kind, name := "application/octet-stream", r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	top := s.m.index.Manifests[0]
	if name == "1" {
		name = string(top.Digest)
	}
	if strings.Contains(r.URL.Path, "/manifests/") {
		if kind = v1.MediaTypeImageManifest; name == string(top.Digest) {
			kind = top.MediaType
		}
	}
	if s.before != nil {
		s.before(name)
	}
	body, ok := s.m.blobs[digest.Digest(name)]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.Header().Set("Docker-Content-Digest", name)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
