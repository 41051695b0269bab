package bounded

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/traced"
)

// After a power cut there is the old file or the new one, never a name without what belongs to it.
func TestWhatIsWrittenIsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	rows := traced.Of(t, dir, func() {
		text := []byte("text")
		if err := errors.Join(Write(filepath.Join(dir, "a"), text, 0o600), FillNew(filepath.Join(dir, "b"), 0o600, func(f *os.File) error { return f.Truncate(9) })); err != nil {
			t.Error(err)
		}
	})
	want := []string{"write .a.new", "fsync .a.new", "rename .a.new a", "fsync .", "ftruncate .b.new", "fsync .b.new", "rename .b.new b", "fsync ."}
	if !slices.Equal(rows, want) {
		t.Errorf("got %q, want %q", rows, want)
	}
}
