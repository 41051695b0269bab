package main

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Commands are left out where they could not run, and what came after them still has
// its place.
func TestChecksOnMedia(t *testing.T) {
	p := &profile.Profile{Check: map[string]check.Check{
		"prompt": {Expect: "login: "},
		"kernel": {Command: []string{"uname"}, After: "prompt"},
		"again":  {Command: []string{"uname"}, After: "kernel"},
		"last":   {Unit: "network", After: "again"},
	}}
	iso := &starter{format: "iso"}
	got, dropped := iso.checks(p)
	if names := slices.Sorted(maps.Keys(got)); !reflect.DeepEqual(names, []string{"last", "prompt"}) || got["last"].After != "prompt" {
		t.Errorf("checks %v, last comes after %q", names, got["last"].After)
	}
	if !reflect.DeepEqual(dropped, []string{"again", "kernel"}) || len(p.Check) != 4 || p.Check["last"].After != "again" {
		t.Errorf("dropped %v; the profile now has %v", dropped, p.Check)
	}
	if got, dropped := (&starter{}).checks(p); len(got) != 4 || dropped != nil {
		t.Errorf("a kernel loses the checks %v", dropped)
	}
	p.Kernel.Cmdline = []string{"uinit.test"}
	if got, dropped := iso.checks(p); len(got) != 4 || dropped != nil {
		t.Errorf("a test profile loses the checks %v", dropped)
	}
}

func TestWhatIsBootedIsBuilt(t *testing.T) {
	signed := profile.SecureBoot{Key: "k", Cert: "c"}
	for _, tc := range []struct {
		s    starter
		has  []profile.Format
		want []profile.Format
	}{
		{starter{}, []profile.Format{"iso"}, []profile.Format{"iso", "kernel"}},
		{starter{format: "iso"}, []profile.Format{"iso"}, []profile.Format{"iso"}},
		{starter{format: "disk"}, []profile.Format{"kernel"}, []profile.Format{"kernel", "disk"}},
		{starter{secureBoot: true}, []profile.Format{"kernel"}, []profile.Format{"kernel", "uki"}},
	} {
		p := &profile.Profile{Formats: slices.Clone(tc.has), SecureBoot: signed, Kernel: profile.Kernel{Cmdline: []string{"quiet"}}}
		if err := tc.s.want(p); err != nil || !reflect.DeepEqual(p.Formats, tc.want) {
			t.Errorf("%+v of %v: %v, %v", tc.s, tc.has, p.Formats, err)
		}
	}
}
