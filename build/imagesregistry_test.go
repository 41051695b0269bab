package build

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A tag is what the lock says, until somebody asks what it means by now; and with all in the cache nobody is asked.
func TestImagesOfARegistry(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	dir, p, e := imageWorld(t)
	said := &stepped{Reporter: progress.Discard}
	e.Progress = said
	addr, end := buildtest.Registry(t)
	push := func() {
		t.Helper()
		if out, err := exec.Command(needed.Program(t, "skopeo"), "copy", "--dest-tls-verify=false", "oci:"+filepath.Join(dir, "app")+":1", "docker://"+addr+"/team/app:1").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	ref := "oci://" + addr + "/team/app:1"
	e.wants = wanting(spec.ImageWant{Name: "web", Key: "kernel.path", Reference: ref, Why: "container web"})
	o := Options{LockFile: filepath.Join(dir, "box.lock")}
	digest := func(o Options) string {
		t.Helper()
		image, err := e.Prepare(t.Context(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		return image.images[0].Digest
	}
	push()
	first, err := e.Prepare(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Lock.Write(o.LockFile); err != nil {
		t.Fatal(err)
	}
	umoci(t, "config", "--image", filepath.Join(dir, "app")+":1", "--config.cmd", "/bin/other")
	push()
	e.Apt.Refresh = true // it was asked today
	was := first.images[0].Digest
	if got := digest(o); got != was {
		t.Errorf("with a lock it is %s, want %s", got, was)
	}
	locked := o
	locked.Locked = true
	if got := digest(locked); got != was {
		t.Errorf("--locked it is %s, want %s", got, was)
	}
	o.Update = true
	newest, err := e.Prepare(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	now := newest.images[0].Digest
	if drift := first.Lock.Diff(newest.Lock); now == was || !slices.Contains(drift, "image "+ref+": "+was[:19]+" → "+now[:19]) {
		t.Errorf("updated it is %s, and %s before: %q", now, was, drift)
	}
	gone := *newest.Lock
	gone.Image = []lock.Image{{Reference: ref, Digest: "sha256:" + strings.Repeat("0", 64)}}
	for path, strict := range map[string]bool{filepath.Join(dir, "gone.lock"): true, filepath.Join(dir, "went.lock"): false} {
		if err := gone.Write(path); err != nil {
			t.Fatal(err)
		}
		image, err := e.Prepare(t.Context(), p, Options{LockFile: path, Locked: strict})
		if strict && (err == nil || !strings.Contains(err.Error(), `kernel.path: building --locked: `+addr+` has no such image in team/app`)) {
			t.Errorf("what is gone, --locked: %v", err)
		}
		if !strict && (err != nil || image.images[0].Digest != now) {
			t.Errorf("what is gone: %v, want %s", err, now)
		}
	}
	end()
	if got := digest(locked); got != was {
		t.Errorf("without the registry it is %s, want %s", got, was)
	}
	if got := digest(o); got != now || !slices.ContainsFunc(said.notes, func(n string) bool { return strings.HasPrefix(n, "using what "+ref+" was on ") }) {
		t.Errorf("without the registry and a lock it is %s, want %s: %q", got, now, said.notes)
	}
}
