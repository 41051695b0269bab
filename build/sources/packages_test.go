package sources

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// A build without media forgets nothing that the lock pins for them, and a locked build
// takes nothing that it does not pin.
func TestToolsAndTheLock(t *testing.T) {
	f := Finder{Progress: progress.Discard}
	pinned := &lock.Lock{Tools: []string{"stub"}, Tool: []lock.Package{{Name: "stub", Version: "252"}}}
	pins := Pins{Lock: pinned, File: "box.lock", Strict: true}
	used := func(packages []deb.Package) error { t.Errorf("%v are used", packages); return nil }
	now, err := f.Tools(t.Context(), nil, pins, used)
	if err != nil || len(pinned.Diff(now)) != 0 || !slices.Equal(now.Tools, pinned.Tools) {
		t.Errorf("%+v, %v", now, err)
	}
	_, err = f.Tools(t.Context(), []string{"grub", "stub"}, pins, used)
	if err == nil || !strings.Contains(err.Error(), "box.lock pins no grub, stub") {
		t.Errorf("got %v", err)
	}
	var got []deb.Package
	now, err = f.Tools(t.Context(), []string{"stub"}, pins, func(packages []deb.Package) error { got = packages; return nil })
	if err != nil || len(pinned.Diff(now)) != 0 || len(got) != 1 || got[0].Version != "252" {
		t.Errorf("%+v, %v, %v", now, got, err)
	}
}

// What the mirror has no more is replaced by the newest, but in a locked build, which says how to take that.
func TestGonePackages(t *testing.T) {
	old, young := []deb.Package{{Name: "nano", Version: "1"}}, []deb.Package{{Name: "nano", Version: "2"}}
	gone, broken := &deb.GoneError{Package: old[0]}, errors.New("no mirror")
	for name, c := range map[string]struct {
		pinned, strict bool
		fetch, resolve error // of the pinned, of the newest
		want           string
		kept           bool
		err            error
	}{
		"pinned":                    {pinned: true, want: "1", kept: true},
		"pinned, locked":            {pinned: true, strict: true, want: "1", kept: true},
		"pinned and out of reach":   {pinned: true, fetch: broken, want: "1", kept: true, err: broken},
		"gone":                      {pinned: true, fetch: gone, want: "2"},
		"gone, locked":              {pinned: true, strict: true, fetch: gone, kept: true, err: gone},
		"gone and out of reach":     {pinned: true, fetch: gone, resolve: broken, err: broken},
		"not pinned":                {want: "2"},
		"not pinned, and no mirror": {resolve: broken, err: broken},
	} {
		used := ""
		packages, kept, err := Finder{Progress: progress.Discard}.choose(c.strict, choice{
			pinned: c.pinned, packages: old,
			newest: func() ([]deb.Package, error) { return young, c.resolve },
			use: func(packages []deb.Package) error {
				used = packages[0].Version
				if used == "1" {
					return c.fetch
				}
				return nil
			},
		})
		got := ""
		if packages != nil {
			got = packages[0].Version
		}
		if got != c.want || kept != c.kept || !errors.Is(err, c.err) || err == nil && used != c.want {
			t.Errorf("%s: version %q (used %q), kept %v, %v", name, got, used, kept, err)
		}
	}
}
