package features

import (
	"slices"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// File systems wait for the array that they lie on; no prompt and no interface waits for either.
func TestArrayUnits(t *testing.T) {
	patience := spec.Duration(time.Minute)
	m := &spec.Machine{
		Console:  map[string]spec.Console{"tty1": {}},
		Ethernet: map[string]spec.Ethernet{"lan": {}},
		Array:    map[string]spec.Array{"data": {StartDegradedAfter: &patience}, "old": {}},
		Mount:    map[string]spec.Mount{"/srv": {Source: "array:data"}, "/mnt": {Source: "LABEL=x"}},
	}
	defaults.Fill(m)
	units := units(m)
	needs := map[string][]string{}
	for _, u := range units {
		needs[u.Name] = slices.Concat(u.Needs, u.After)
		switch u.Name {
		case "array:data":
			if u.Timeout <= time.Minute {
				t.Errorf("an array that waits a minute for members is late after %v", u.Timeout)
			}
		case "array:old":
			if u.Timeout <= 30*time.Second {
				t.Errorf("an array that waits for members as long as arrays do is late after %v", u.Timeout)
			}
		}
	}
	reach := func(from string) map[string]bool {
		seen, todo := map[string]bool{}, []string{from}
		for len(todo) > 0 {
			name := todo[0]
			todo = todo[1:]
			if !seen[name] {
				seen[name], todo = true, append(todo, needs[name]...)
			}
		}
		return seen
	}
	for name, want := range map[string]bool{"mount:/srv": true, "mount:/mnt": false, "console:tty1": false, "online:lan": false, "array:old": false} {
		if got := reach(name)["array:data"]; got != want {
			t.Errorf("%s waits for the array: %v", name, got)
		}
	}
}
