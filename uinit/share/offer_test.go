package share

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/holder"
	"github.com/imgbuild/imgbuild/internal/holder/holdertest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A disk that a guest has is not offered; neither is one that the kernel holds.
func TestOfferLeavesAGuestsDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	holdertest.Guest(t, path, os.O_RDWR)
	err := offer(t.Context(), "backup", spec.ISCSIShare{Target: "iqn.2026-01.example:a", Source: path}, Disk{Size: 1 << 20}, false)
	if busy := (*holder.BusyError)(nil); !errors.As(err, &busy) || len(busy.Holders) != 1 || busy.Holders[0].Name != "web" {
		t.Errorf("offering a guest's disk: %v", err)
	}
}

func TestByItself(t *testing.T) {
	own, other := holder.Holder{Kind: holder.Share, Name: "a"}, holder.Holder{Kind: holder.Share, Name: "b"}
	for _, tt := range []struct {
		by   []holder.Holder
		want bool
	}{{nil, false}, {[]holder.Holder{own}, true}, {[]holder.Holder{other}, false}, {[]holder.Holder{own, other}, false}, {[]holder.Holder{{Kind: holder.Mount, Name: "a"}}, false}} {
		if got := byItself("a", tt.by); got != tt.want {
			t.Errorf("%v: %v", tt.by, got)
		}
	}
}
