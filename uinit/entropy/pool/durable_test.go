package pool

import (
	"testing"

	"github.com/imgbuild/imgbuild/internal/traced"
)

// A seed that is on the disk by name only would be used at two boots.
func TestSeedIsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	rows := traced.Of(t, dir, func() {
		if err := writeSeed(dir, seed{owner: nobody}); err != nil {
			t.Error(err)
		}
	})
	if err := traced.Durable(rows, SeedName, true); err != nil {
		t.Error(err)
	}
}
