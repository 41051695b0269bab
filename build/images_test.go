package build

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// layout makes an OCI layout with umoci beside a profile: an image of two layers, the second of which takes a file away.
func layout(t *testing.T, dir string) {
	t.Helper()
	umoci := needed.Program(t, "umoci")
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(umoci, args...).CombinedOutput(); err != nil {
			t.Fatalf("umoci %v: %v: %s", args, err, out)
		}
	}
	at := filepath.Join(dir, "app")
	buildtest.Write(t, filepath.Join(dir, "one/etc/passwd"), "root:x:0:0::/:/bin/sh\nweb:x:33:34::/:/bin/sh\n")
	buildtest.Write(t, filepath.Join(dir, "one/etc/group"), "web:x:34:\nmore:x:35:web\n")
	buildtest.Write(t, filepath.Join(dir, "one/old"), "old")
	buildtest.Write(t, filepath.Join(dir, "two/new"), "new")
	run("init", "--layout", at)
	run("new", "--image", at+":1")
	run("insert", "--rootless", "--image", at+":1", filepath.Join(dir, "one"), "/")
	run("insert", "--rootless", "--image", at+":1", filepath.Join(dir, "two/new"), "/new")
	run("insert", "--rootless", "--image", at+":1", "--whiteout", "/old")
	run("config", "--image", at+":1", "--config.user", "web", "--config.cmd", "/bin/app", "--config.env", "A=1", "--architecture", "amd64", "--os", "linux")
}

func TestImages(t *testing.T) {
	dir, p := buildtest.World(t, "")
	layout(t, dir)
	e := env(t, shared)
	e.wants = func(*profile.Profile) []spec.ImageWant {
		return []spec.ImageWant{{Name: "web", Key: "kernel.path", Reference: "app:1", Shifted: true, Why: "container web"}}
	}
	out := filepath.Join(dir, "out")
	if _, err := e.Build(t.Context(), p, out, Options{}); err != nil {
		t.Fatal(err)
	}
	files := unpack(t, filepath.Join(out, "box-initrd.img"))
	var is spec.Image
	if err := json.Unmarshal(files["var/lib/containers/web.json"].Body, &is); err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", is)
	for _, l := range is.Layers {
		if f, ok := files[l.File[1:]]; !ok || int64(len(f.Body)) != l.Size {
			t.Errorf("%s: %d", l.File, len(f.Body))
		}
	}
}
