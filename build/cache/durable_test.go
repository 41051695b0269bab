package cache

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/traced"
)

// Entries are not read again to see whether they are whole: one whose name outlived a power cut must have its content.
func TestEntryIsOnTheDisk(t *testing.T) {
	c := open(t)
	rows := traced.Of(t, c.dir, func() {
		_, err := c.Entry(t.Context(), "deb", "a", func(_ context.Context, dir string) error {
			return os.WriteFile(filepath.Join(dir, "content"), []byte("content"), 0o600)
		})
		if err != nil {
			t.Error(err)
		}
	})
	name, err := filepath.Rel(c.dir, c.entry("deb", "a"))
	if err != nil {
		t.Fatal(err)
	}
	named := slices.IndexFunc(rows, func(r string) bool { return strings.HasPrefix(r, "rename ") && strings.HasSuffix(r, " "+name) })
	if named < 0 {
		t.Fatalf("the entry never gets its name: %q", rows)
	}
	temp := strings.Fields(rows[named])[1]
	written, settled := slices.Index(rows, "write "+filepath.Join(temp, "content")), slices.Index(rows, "syncfs "+temp)
	if written < 0 || settled < written || named < settled {
		t.Errorf("not written, put on the disk and named in this order: %q", rows)
	}
}
