package array

import (
	"fmt"
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
)

// stray is a member that the array of its row does without.
type stray struct{ array, text string }

// whatWasRefused adds the members of arrays that were not started.
func (a *arrays) whatWasRefused(have md.State, why map[string]stray) {
	a.mu.Lock()
	refused := maps.Clone(a.refused)
	a.mu.Unlock()
	want := a.machine()
	for name := range refused {
		row := md.Machine{Host: want.Host, Arrays: map[string]spec.Array{name: want.Arrays[name]}}
		of := md.Claimed(row, md.State{Members: have.Members})
		for _, m := range have.Members {
			if slices.Contains(of, m.Device) && why[m.Device].array == "" {
				why[m.Device] = stray{name, fmt.Sprintf("%s of array %s is not used: the array was refused", m, name)}
			}
		}
	}
}

// strays notes who is there and not used, and logs what is news.
func (a *arrays) strays(why map[string]stray) {
	a.mu.Lock()
	was := a.late.why
	a.late.why = why
	a.mu.Unlock()
	changed := map[string]bool{}
	for device, s := range why {
		if was[device] != s {
			a.Log.Warn(s.text)
			changed[s.array] = true
		}
	}
	for device, s := range was {
		if why[device] != s {
			changed[s.array] = true
		}
	}
	for name := range a.running() {
		if changed[name] {
			a.Outcomes.Again("array:" + name)
		}
	}
}

// unusedOf are the members that an array does without, each with the reason; those of all arrays for "".
func (a *arrays) unusedOf(array string) (texts []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.late.why {
		if array == "" || s.array == array {
			texts = append(texts, s.text)
		}
	}
	slices.Sort(texts)
	return texts
}

// unclaimed are all members that no array uses, and that none waits for.
func (a *arrays) unclaimed(have md.State) []string {
	return append(md.Unclaimed(a.machine(), have), a.unusedOf("")...)
}
