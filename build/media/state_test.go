package media

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// The state partition's file system is made by the package's program, is in order, and comes out
// the same each time. It needs a mirror, or a cache that was filled from one.
func TestStateFileSystem(t *testing.T) {
	c, err := cache.Open("") // the user's, for its packages
	if err != nil {
		t.Fatal(err)
	}
	apt := deb.New(c, progress.Discard)
	packages, err := apt.Resolve(t.Context(), []string{stateTools})
	if err != nil {
		t.Skipf("no mirror: %v", err)
	}
	sizes := []spec.Size{8 << 20, 63<<20 + 1}
	t.Run("large", func(t *testing.T) {
		if os.Getenv("IMGBUILD_TEST_FULL") == "" {
			t.Skip("half a minute of reading: make test-full runs it")
		}
		sizes = append(sizes, 1<<30)
	})
	for _, size := range sizes {
		p := &profile.Profile{Name: "box", Formats: []profile.Format{profile.FormatDisk}, Disk: profile.Disk{State: size}}
		var made [2][]byte
		for i := range made {
			fresh, err := cache.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			m := Maker{Cache: fresh, Apt: apt, Progress: progress.Discard, Epoch: time.Unix(1767225600, 0).UTC()}
			entry, err := m.state(t.Context(), p, packages)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(entry.Dir, stateFile)
			if made[i], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
			if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
				t.Errorf("beside the file system lies more: %v", entries)
			}
			if i == 1 {
				if out, err := exec.Command("/sbin/e2fsck", "-fn", path).CombinedOutput(); err != nil {
					t.Errorf("%d bytes: %v\n%s", size, err, out)
				}
			}
		}
		if !bytes.Equal(made[0], made[1]) || int64(len(made[0])) != layout.StateBytes(int64(size)) {
			t.Errorf("%d bytes: %d and %d bytes came out, equal: %v", size, len(made[0]), len(made[1]), bytes.Equal(made[0], made[1]))
		}
	}
}
