package limits

import (
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestShort(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		installed, least spec.Size
		want             bool
	}{
		{159 * mib, 256 * mib, true},
		{239 * mib, 256 * mib, true},
		{240 * mib, 256 * mib, false}, // of 256, with 16 that graphics keep
		{256 * mib, 256 * mib, false},
		{1 * mib, 0, false},
	} {
		if got := short(tt.installed, tt.least); (got != "") != tt.want {
			t.Errorf("%v of %v: %q", tt.installed, tt.least, got)
		}
	}
}
