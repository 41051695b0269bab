package build

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
)

// Whatever a checkout and a umask made of an overlay's modes, the image is the same, and so is who may read it.
func TestModesDoNotComeFromTheCheckout(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	sums := map[string]bool{}
	for _, c := range []struct {
		umask int
		mode  fs.FileMode
	}{{0o022, 0o644}, {0o002, 0o664}, {0o077, 0o600}} {
		syscall.Umask(0o022)
		dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n[image.modes]\n\"/etc/x.key\" = \"0600\"\n\"/srv/closed\" = \"0710\"\n")
		for _, name := range []string{"etc/x.key", "srv/closed/file"} {
			buildtest.Write(t, filepath.Join(dir, "site", name), "x")
		}
		if err := os.Chmod(filepath.Join(dir, "site/etc/x.key"), c.mode); err != nil {
			t.Fatal(err)
		}
		syscall.Umask(c.umask)
		made, err := env(t, shared).Build(t.Context(), p, filepath.Join(dir, "out"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		files := unpack(t, filepath.Join(dir, "out/box-initrd.img"))
		if files["etc/x.key"].Mode != 0o600 || files["srv/closed"].Mode != fs.ModeDir|0o710 || files["srv/closed/file"].Mode != 0o644 {
			t.Errorf("%v, %v, %v", files["etc/x.key"].Mode, files["srv/closed"].Mode, files["srv/closed/file"].Mode)
		}
		for _, a := range made {
			if a.Name == "box-initrd.img" {
				sums[a.SHA256] = true
			}
		}
	}
	if len(sums) != 1 {
		t.Errorf("%d different images", len(sums))
	}
}
