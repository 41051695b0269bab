package clock

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/traced"
)

// A machine without a clock starts at this time: an empty file would take it back to 1970.
func TestTimeIsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	rows := traced.Of(t, dir, func() {
		if err := Save(filepath.Join(dir, "clock"), time.Unix(1800000000, 0)); err != nil {
			t.Error(err)
		}
	})
	if err := traced.Durable(rows, "clock", true); err != nil {
		t.Error(err)
	}
}
