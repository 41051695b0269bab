package mount

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/holder/holdertest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestBesides(t *testing.T) {
	of := func(kinds ...holder.Kind) (all []holder.Holder) {
		for _, k := range kinds {
			all = append(all, holder.Holder{Kind: k})
		}
		return all
	}
	for _, tt := range []struct {
		by, left []holder.Holder
		mounted  bool
	}{
		{of(), of(), false}, {of(holder.Mount), of(), true}, {of(holder.Process), of(holder.Process), false}, {of(holder.Process, holder.Mount), of(), true},
		{of(holder.Share, holder.Process), of(holder.Share, holder.Process), false}, {of(holder.Share, holder.Process, holder.Mount), of(holder.Share), true},
	} {
		if mounted, left := besides(slices.Clone(tt.by)); mounted != tt.mounted || !slices.Equal(left, tt.left) {
			t.Errorf("%v: %v, left %v", tt.by, mounted, left)
		}
	}
	// Who only reads may have what others read.
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	holdertest.Guest(t, file, os.O_RDONLY)
	for _, options := range [][]string{nil, {"ro"}} {
		m := New("/srv", spec.Mount{Type: "xfs", Options: options}, Deps{})
		if mounted, err := m.unheld(file); mounted || (err == nil) != (options != nil) {
			t.Errorf("%q: %v, %v", options, mounted, err)
		}
	}
}
