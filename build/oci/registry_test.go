package oci

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
)

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
	asked := s.asked.Load()
	if again := open(); again.Digest != first.Digest || s.asked.Load() != asked {
		t.Errorf("it was asked %d more times", s.asked.Load()-asked)
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

// Layers come side by side, and those that are packed do not come again, though they are gone.
func TestDownloadsSideBySide(t *testing.T) {
	var layers [][]byte
	for i := range atOnce {
		layers = append(layers, archived(t, text(fmt.Sprint(i), "1")))
	}
	m := build(t, layers, nothing)
	s := registryOf(t, m)
	together := make(chan bool)
	waiting := make(chan struct{}, atOnce)
	s.before = func(name string) {
		if !slices.ContainsFunc(m.manifest.Layers, func(d v1.Descriptor) bool { return string(d.Digest) == name }) {
			return
		}
		waiting <- struct{}{}
		if len(waiting) == atOnce {
			close(together)
		}
		select {
		case <-together:
		case <-time.After(20 * time.Second):
			t.Errorf("%s comes alone", name)
		}
	}
	r, k := registries(t), packer(t)
	pack := func() error {
		image, err := r.Open(t.Context(), parsed(t, s.ref(":1")), "")
		if err != nil {
			return err
		}
		_, err = k.Pack(t.Context(), []Want{{spec.ImageWant{Name: "x"}, image}})
		return err
	}
	if err := pack(); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for _, l := range m.manifest.Layers {
		if err := r.Cache.Drop(kindBlob, l.Digest.Encoded()); err != nil {
			t.Fatal(err)
		}
	}
	if err := pack(); err != nil {
		t.Errorf("packed already: %v", err)
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
