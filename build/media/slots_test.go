package media

import (
	"errors"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// key is one of an administrator's.
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtHslSlNAnKTh8nrHSAtL32tq1gy5iDmiHsKBwlHhRz test"

func TestSlotSize(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct{ asked, first, want int64 }{
		{0, 1000, 64 * mib}, {0, 32 * mib, 64 * mib}, {0, 32*mib + 1, 80 * mib}, {0, 100 * mib, 208 * mib}, {50 * mib, 50 * mib, 50 * mib}, {50*mib + 1, mib, 51 * mib},
	} {
		got, err := slotSize(&profile.Profile{Disk: profile.Disk{SlotSize: spec.Size(tt.asked)}}, tt.first)
		if err != nil || got != tt.want {
			t.Errorf("%d for %d: %d, %v, want %d", tt.asked, tt.first, got, err, tt.want)
		}
	}
	text := "[access]\nnobody = true\n[kernel]\npackage = \"linux-image-amd64\"\n[update]\nkeys = [\"" + key + "\"]\n[disk]\nslot_size = \"8M\"\n[check.users]\nunit = \"users\"\non_box = true\n"
	p, _, err := profile.Load("p.toml", func(string, *profile.File) (profile.File, error) {
		return profile.File{Name: "p.toml", Dir: "/p", Text: []byte(text)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = slotSize(p, 21*mib+5)
	var problems profile.Problems
	if !errors.As(err, &problems) || problems[0].Key != "disk.slot_size" || !strings.HasPrefix(err.Error(), "p.toml:8:13: disk.slot_size: 8M is too small for what the image takes now; accepted: 22M or more") {
		t.Errorf("got %v", err)
	}
}
