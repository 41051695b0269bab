package oci

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// run runs a program to its end.
func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(needed.Program(t, name), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// umoci makes a layout with an image of three layers, tagged 1.
func umoci(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, "layout")
	for name, body := range map[string]string{"one/etc/passwd": "root:x:0:0::/:/bin/sh\nweb:x:33:34::/:/bin/sh\n", "one/etc/group": "web:x:34:\nmore:x:35:web\n", "one/old": "old", "new": "new"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "umoci", "init", "--layout", at)
	run(t, "umoci", "new", "--image", at+":1")
	run(t, "umoci", "insert", "--rootless", "--image", at+":1", filepath.Join(dir, "one"), "/")
	run(t, "umoci", "insert", "--rootless", "--image", at+":1", filepath.Join(dir, "new"), "/srv/new")
	run(t, "umoci", "insert", "--rootless", "--image", at+":1", "--whiteout", "/old")
	run(t, "umoci", "config", "--image", at+":1", "--config.user", "web", "--config.cmd", "/bin/app", "--config.env", "A=1", "--architecture", "amd64", "--os", "linux")
	return at
}

// registries reads by a cache of its own.
func registries(t testing.TB) Registries {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	dir := t.TempDir()
	c, err := cache.OpenWith(filepath.Join(dir, "cache"), filepath.Join(dir, "index"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return Registries{Cache: c, Progress: progress.Discard}
}

func parsed(t testing.TB, text string) Reference {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// One image, as umoci makes it and as skopeo copies it, is the same in all four forms. An archive of docker has no manifest, so
// that there the digest is of one that says the same.
func TestFourWays(t *testing.T) {
	layout, dir := umoci(t), t.TempDir()
	addr, _ := buildtest.Registry(t)
	archive, docker := filepath.Join(dir, "oci.tar"), filepath.Join(dir, "docker.tar")
	run(t, "skopeo", "copy", "oci:"+layout+":1", "oci-archive:"+archive+":1")
	run(t, "skopeo", "copy", "oci:"+layout+":1", "docker-archive:"+docker+":app:1")
	run(t, "skopeo", "copy", "--dest-tls-verify=false", "oci:"+layout+":1", "docker://"+addr+"/some/app:1")
	r := registries(t)
	images := map[string]*Image{}
	for name, text := range map[string]string{"layout": layout + ":1", "archive": archive, "docker": docker + ":app:1"} {
		at, err := parsed(t, text).Find(func(s string) string { return s })
		if err != nil {
			t.Fatal(err)
		}
		if images[name], err = Open(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if images["registry"], err = r.Open(t.Context(), parsed(t, "oci://"+addr+"/some/app:1"), ""); err != nil {
		t.Fatal(err)
	}
	var first Packed
	for _, name := range []string{"layout", "archive", "registry", "docker"} {
		packed, err := packer(t).Pack(t.Context(), []Want{{spec.ImageWant{Name: "x", Shifted: true}, images[name]}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		is := packed[0]
		if first.Image == nil {
			first = is
		}
		if name != "docker" && is.Digest != first.Digest {
			t.Errorf("%s: its digest is %s, and %s before", name, is.Digest, first.Digest)
		}
		if len(is.Is.Layers) != 3 || fmt.Sprint(is.Is.Layers) != fmt.Sprint(first.Is.Layers) {
			t.Errorf("%s: its layers are %v, and %v before", name, is.Is.Layers, first.Is.Layers)
		}
		if is.Is.UID != 33 || is.Is.GID != 34 || fmt.Sprint(is.Is.Groups, is.Is.Command, is.Is.Environment) != "[35] [/bin/app] [A=1]" {
			t.Errorf("%s: %+v", name, is.Is)
		}
	}
	if again, err := Open(t.Context(), Place{Path: docker}); err != nil || again.Digest != images["docker"].Digest {
		t.Errorf("docker's archive is %v now, %v", again, err)
	}
}
