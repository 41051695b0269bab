package sources

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// "imgbuild check" finds modules that do not exist as well, where it can.
func TestCheckModules(t *testing.T) {
	_, p := buildtest.World(t, "[module.nope]\nload = true\n")
	known, err := finder(t).CheckModules(t.Context(), p)
	if !known || err == nil || !strings.Contains(err.Error(), "box.toml:6:1: module.nope: kernel 6.1.0-test has no module nope") {
		t.Errorf("known %v, %v", known, err)
	}
	p.Kernel.Path, p.Kernel.Package = "", "linux-image-never-seen"
	if known, err := finder(t).CheckModules(t.Context(), p); known || err != nil {
		t.Errorf("a kernel that nobody saw: known %v, %v", known, err)
	}
}

// finder finds in an empty cache.
func finder(t *testing.T) Finder {
	t.Helper()
	c, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return Finder{Cache: c, Apt: deb.New(c, progress.Discard), Progress: progress.Discard}
}
