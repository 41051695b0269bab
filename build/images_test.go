package build

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spdx/tools-golang/spdx/v2/v2_3"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/sbom/sbomtest"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// umoci makes a layout, or changes its image.
func umoci(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(needed.Program(t, "umoci"), args...).CombinedOutput(); err != nil {
		t.Fatalf("umoci %v: %v: %s", args, err, out)
	}
}

// imageWorld is a profile with a layout "app" beside it, and a builder to which a feature says that it wants image 1 of that for "web".
// In the profile it stands for the key of the kernel.
func imageWorld(t *testing.T) (dir string, p *profile.Profile, e *Env) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test downloads squashfs-tools")
	}
	dir, p = buildtest.World(t, "")
	at := filepath.Join(dir, "app")
	buildtest.Write(t, filepath.Join(dir, "one/etc/passwd"), "root:x:0:0::/:/bin/sh\nweb:x:33:34::/:/bin/sh\n")
	buildtest.Write(t, filepath.Join(dir, "one/usr/share/doc/tool/copyright"), "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: 2020 Ann\nLicense: Expat\n")
	buildtest.Write(t, filepath.Join(dir, "one/var/lib/dpkg/status"), "Package: tool\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: amd64\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n")
	buildtest.Write(t, filepath.Join(dir, "two"), "two")
	umoci(t, "init", "--layout", at)
	umoci(t, "new", "--image", at+":1")
	umoci(t, "insert", "--rootless", "--image", at+":1", filepath.Join(dir, "one"), "/")
	umoci(t, "insert", "--rootless", "--image", at+":1", filepath.Join(dir, "two"), "/two")
	umoci(t, "config", "--image", at+":1", "--config.user", "web", "--config.cmd", "/bin/app", "--architecture", "amd64", "--os", "linux",
		"--config.label", "org.opencontainers.image.licenses=MIT")
	e = env(t, shared)
	e.wants = wanting(spec.ImageWant{Name: "web", Key: "kernel.path", Reference: "app:1", Shifted: true, Why: "container web"},
		spec.ImageWant{Name: "same", Key: "kernel.path", Reference: "app:1", Shifted: true, Why: "container same"})
	return dir, p, e
}

func wanting(wants ...spec.ImageWant) func(*profile.Profile) []spec.ImageWant {
	return func(*profile.Profile) []spec.ImageWant { return wants }
}

// stepped collects what is done, and notes.
type stepped struct {
	progress.Reporter
	steps, notes []string
}

func (s *stepped) Step(name string, total int64) progress.Step {
	s.steps = append(s.steps, name)
	return s.Reporter.Step(name, total)
}

func (s *stepped) Note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// What a feature wants lies in the image as it is said, root's alone, and costs nothing to build again.
func TestImages(t *testing.T) {
	dir, p, e := imageWorld(t)
	out := filepath.Join(dir, "out")
	if _, err := e.Build(t.Context(), p, out, Options{}); err != nil {
		t.Fatal(err)
	}
	files := unpack(t, filepath.Join(out, "box-initrd.img"))
	var is spec.Image
	described := files[spec.ImageFile("web")[1:]]
	if err := json.Unmarshal(described.Body, &is); err != nil {
		t.Fatal(err)
	}
	if is.First != spec.FirstOwner || is.UID != 33 || is.GID != 34 || is.Reference != "app:1" || !slices.Equal(is.Command, []string{"/bin/app"}) || len(is.Layers) != 2 {
		t.Errorf("%+v", is)
	}
	if described.Mode.Perm() != 0o600 || files["var/lib/containers"].Mode.Perm() != 0o700 {
		t.Errorf("open to others: %v in %v", described.Mode, files["var/lib/containers"].Mode)
	}
	for _, l := range is.Layers {
		if f, ok := files[l.File[1:]]; !ok || int64(len(f.Body)) != l.Size || sum(f.Body) != l.SHA256 || f.Mode != 0o400 {
			t.Errorf("%+v is %v, %d bytes", l, f.Mode, len(f.Body))
		}
	}
	papers, err := os.ReadFile(filepath.Join(out, "box.sbom.spdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	d := sbomtest.Licensed(t, papers)
	part := slices.IndexFunc(d.Packages, func(p *v2_3.Package) bool { return p.PackageVersion == is.Digest })
	if part < 0 {
		t.Fatalf("the SBOM has no image:\n%s", papers)
	}
	of := d.Packages[part]
	if of.PackageName != "app" || of.PackageLicenseDeclared != "MIT" || of.PackageCopyrightText != "2020 Ann" || of.PackageChecksums[0].Value != is.Digest[7:] ||
		of.PackageExternalReferences[0].Locator != "pkg:oci/app@sha256%3A"+is.Digest[7:]+"?arch=amd64" {
		t.Errorf("%+v, %v", of, of.PackageExternalReferences[0])
	}
	texts, err := os.ReadFile(filepath.Join(out, "box.licenses.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	if text := sbomtest.Archived(t, texts)["images/app@"+is.Digest[7:19]+"/tool/copyright"]; !strings.Contains(text, "2020 Ann") {
		t.Errorf("the licences have %q", text)
	}
	again := &stepped{Reporter: progress.Discard}
	e.Progress = again
	rows, err := e.List(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range again.steps {
		if strings.Contains(step, "layer") {
			t.Errorf("built again: %s", step)
		}
	}
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Path == is.Layers[1].File })
	if i < 0 || rows[i].Segment != "images" || rows[i].Cost < rows[i].Size || fs.FileMode(rows[i].Mode) != 0o400 || !strings.HasPrefix(rows[i].Why, "container web, container same: layer 2 of 2 of app:1, 0.0 MB unpacked") {
		t.Errorf("row %d of %+v", i, rows)
	}
}

// A lock pins images as it pins packages.
func TestImagesLocked(t *testing.T) {
	dir, p, e := imageWorld(t)
	said := &stepped{Reporter: progress.Discard}
	e.Progress = said
	o := Options{LockFile: filepath.Join(dir, "box.lock"), Locked: true}
	prepare := func(o Options) (*Image, error) { return e.Prepare(t.Context(), p, o) }
	image, err := prepare(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(image.Lock.Image) != 1 || image.Lock.Image[0] != (lock.Image{Reference: "app:1", Digest: image.images[0].Digest}) {
		t.Errorf("the lock has %v", image.Lock.Image)
	}
	refused := func(why, want string) {
		t.Helper()
		_, err := prepare(o)
		if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(dir, "box.toml")+":2:8: kernel.path: building --locked: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want …%s…", why, err, want)
		}
	}
	write := func(images ...lock.Image) {
		t.Helper()
		l := *image.Lock
		l.Image = images
		if err := l.Write(o.LockFile); err != nil {
			t.Fatal(err)
		}
	}
	write()
	refused("without a row", `pins no image app:1; "imgbuild lock" pins it`)
	write(image.Lock.Image...)
	if _, err := prepare(o); err != nil {
		t.Errorf("as locked: %v", err)
	}
	other := lock.Image{Reference: "app:1", Digest: "sha256:" + strings.Repeat("0", 64)}
	write(other)
	refused("another image", `it is `+image.images[0].Digest+`, and `)
	o.Locked = false
	if again, err := prepare(o); err != nil || again.images[0].Digest != image.images[0].Digest || !slices.ContainsFunc(said.notes, func(n string) bool { return strings.HasPrefix(n, "not as locked: image app:1: sha256:0000") }) {
		t.Errorf("not locked: %v, %v", err, said.notes)
	}
	e.wants = wanting(spec.ImageWant{Name: "web", Key: "kernel.path", Reference: "oci://127.0.0.1:9/app@" + image.images[0].Digest})
	o.Locked = true
	refused("a digest in the profile", "pins no image oci://")
	write(lock.Image{Reference: "oci://127.0.0.1:9/app@" + image.images[0].Digest, Digest: other.Digest})
	refused("another digest in the profile", "pins "+other.Digest+" of it")
}

// What is wrong with an image stands at its key.
func TestImageProblems(t *testing.T) {
	dir, p, e := imageWorld(t)
	at := filepath.Join(dir, "box.toml") + ":2:8: kernel.path: "
	user := filepath.Join(dir, "box.toml") + ":3:11: kernel.cmdline: "
	for want, w := range map[string]spec.ImageWant{
		at + `"docker://a/b" begins with docker://; accepted: oci://a/b`:                        {Reference: "docker://a/b"},
		at + `there is no file or folder "` + dir + `/nginx:1.25"; accepted: a path, or oci://`: {Reference: "nginx:1.25"},
		at + `the layout holds no image "2"; accepted: its path and :1`:                         {Reference: "app:2"},
		user + `the image has no account "nobody"`:                                              {Reference: "app:1", User: "nobody", UserKey: "kernel.cmdline"},
	} {
		w.Name, w.Key = "web", "kernel.path"
		e.wants = wanting(w)
		if _, err := e.Prepare(t.Context(), p, Options{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v", w, err)
		}
		if _, err := e.CheckImages(t.Context(), p); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("check %+v: %v", w, err)
		}
	}
	e.wants = wanting(spec.ImageWant{Key: "kernel.path", Reference: "app:1"}, spec.ImageWant{Key: "kernel.path", Reference: "oci://registry.invalid/app"})
	if remote, err := e.CheckImages(t.Context(), p); err != nil || !slices.Equal(remote, []string{"oci://registry.invalid/app"}) {
		t.Errorf("check: %v, %v", remote, err)
	}
	blobs, err := filepath.Glob(filepath.Join(dir, "app/blobs/sha256/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blobs { // the layers
		if text, err := os.ReadFile(b); err != nil || strings.HasPrefix(string(text), "{") {
			continue
		} else if err := os.WriteFile(b, append(text, 'x'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.CheckImages(t.Context(), p); err == nil || !strings.HasPrefix(err.Error(), at+"unpacking the layer") {
		t.Errorf("damaged: %v", err)
	}
}
