package oci

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
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
	m     *made
	asked int
	login string
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
	s.asked++
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

// A registry is asked once what a tag means, and for each blob once; with all in the cache it need not be there.
func TestRegistryOffline(t *testing.T) {
	m := build(t, [][]byte{archived(t, text("a", "1"))}, nothing)
	s := registryOf(t, m)
	r, n := registries(t), &noted{Reporter: progress.Discard}
	r.Progress = n
	open := func() *Image {
		t.Helper()
		image, err := r.Open(t.Context(), parsed(t, s.ref(":1")), "")
		if err != nil {
			t.Fatal(err)
		}
		l, err := image.layers[0].open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(l); err != nil || digest.FromBytes(b.Bytes()) != m.manifest.Layers[0].Digest {
			t.Fatalf("the layer is another: %v", err)
		}
		return image
	}
	first := open()
	if first.Pin != string(m.index.Manifests[0].Digest) || first.Digest != first.Pin {
		t.Errorf("%+v", first)
	}
	asked := s.asked
	if again := open(); again.Digest != first.Digest || s.asked != asked {
		t.Errorf("it was asked %d more times", s.asked-asked)
	}
	s.Close()
	r.Refresh = true
	if again := open(); again.Digest != first.Digest || len(n.notes) != 1 || !strings.Contains(n.notes[0], "using what "+s.ref(":1")+" was on ") {
		t.Errorf("without the registry: %v", n.notes)
	}
	if _, err := r.Open(t.Context(), parsed(t, s.ref(":2")), ""); err == nil {
		t.Error("a tag was found that nobody knows")
	}
	if image, err := r.Open(t.Context(), parsed(t, s.ref(":2")), first.Pin); err != nil || image.Digest != first.Digest {
		t.Errorf("what is pinned: %v", err)
	}
	if _, err := r.Open(t.Context(), parsed(t, s.ref("@"+first.Pin)), ""); err != nil {
		t.Errorf("what the reference pins: %v", err)
	}
}

// What was fetched for one cache will do for another, by its digest.
func TestBlobsOfAnotherCache(t *testing.T) {
	s := registryOf(t, build(t, [][]byte{archived(t, text("a", "1"))}, nothing))
	r, fresh := registries(t), registries(t)
	first, err := r.Open(t.Context(), parsed(t, s.ref(":1")), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	fresh.Other = r.Cache
	if again, err := fresh.Open(t.Context(), parsed(t, s.ref(":1")), first.Pin); err != nil || again.Digest != first.Digest {
		t.Errorf("%v", err)
	}
}

// An index of a registry is pinned as it is, and gives the manifest for this platform.
func TestRegistryIndex(t *testing.T) {
	var mine v1.Descriptor
	m := build(t, [][]byte{archived(t, text("a", "1"))}, func(m *made, step string) {
		if step != "index" {
			return
		}
		mine = m.index.Manifests[0]
		other, variant := mine, mine
		mine.Platform, other.Platform, variant.Platform = &v1.Platform{OS: "linux", Architecture: "amd64"}, &v1.Platform{OS: "linux", Architecture: "arm64"}, &v1.Platform{OS: "linux", Architecture: "amd64", Variant: "v3"}
		other.Digest, variant.Digest = digest.FromString("arm"), digest.FromString("v3")
		m.index.Manifests = []v1.Descriptor{m.json(v1.MediaTypeImageIndex, v1.Index{MediaType: v1.MediaTypeImageIndex, Manifests: []v1.Descriptor{other, variant, mine}})}
	})
	image, err := registries(t).Open(t.Context(), parsed(t, registryOf(t, m).ref(":1")), "")
	if err != nil || image.Pin != string(m.index.Manifests[0].Digest) || image.Digest != string(mine.Digest) {
		t.Errorf("%+v, %v", image, err)
	}
}

// A registry that sends other bytes than it was asked for gets no further, and they do not get into the cache.
func TestRegistryLies(t *testing.T) {
	for name, change := range map[string]func(m *made){
		"holds other bytes than its name says": func(m *made) {
			b := m.blobs[m.manifest.Config.Digest]
			m.blobs[m.manifest.Config.Digest] = append(bytes.Clone(b[:len(b)-1]), ' ')
		},
		"mismatch Content-Length": func(m *made) {
			m.blobs[m.manifest.Config.Digest] = append(m.blobs[m.manifest.Config.Digest], ' ')
		},
		"has no such image": func(m *made) { delete(m.blobs, m.manifest.Config.Digest) },
	} {
		m := build(t, [][]byte{archived(t, text("a", "1"))}, nothing)
		change(m)
		r := registries(t)
		_, err := r.Open(t.Context(), parsed(t, registryOf(t, m).ref(":1")), "")
		says(t, err, name)
		items, err := r.Cache.List()
		if err != nil || len(items) != 1 { // the manifest
			t.Errorf("%s: the cache holds %v, %v", name, items, err)
		}
	}
}

// Who we are to a registry docker's configuration says.
func TestRegistryLogin(t *testing.T) {
	s := registryOf(t, build(t, [][]byte{archived(t, text("a", "1"))}, nothing))
	s.login = "ann:secret"
	r := registries(t)
	_, err := r.Open(t.Context(), parsed(t, s.ref(":1")), "")
	says(t, err, "accepted: a login in docker's configuration")
	config := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, strings.TrimPrefix(s.URL, "http://"), base64.StdEncoding.EncodeToString([]byte(s.login)))
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open(t.Context(), parsed(t, s.ref(":1")), ""); err != nil {
		t.Error(err)
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:5000": true, "127.9.9.9": true, "[::1]:5000": true, "[::1]": true,
		"docker.io": false, "localhost.example.org": false, "10.0.0.1:5000": false, "[2001:db8::1]:5000": false,
	} {
		if loopback(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
}
