// Package suggest guesses what a misspelt word was meant to be.
package suggest

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// DidYouMean returns "; did you mean X?" for the known word closest to the one
// given, or nothing when none is close.
func DidYouMean(word string, known []string) string {
	if s := Closest(word, known); s != "" {
		return "; did you mean " + s + "?"
	}
	return ""
}

// For returns the same for an error that is a *spec.ChoiceError, and nothing for others.
func For(err error) string {
	if c := new(spec.ChoiceError); errors.As(err, &c) {
		return DidYouMean(c.Word, c.Accepted)
	}
	return ""
}

// Closest returns the known word within a third of the given one's length in
// edits, or else the only one that it begins, or "". Case, hyphens and underscores don't count.
func Closest(word string, known []string) string {
	best, limit, folded := "", len(word)/3+1, fold(word)
	var longer []string
	for _, k := range known {
		if len(word) > 3 && strings.HasPrefix(fold(k), folded) {
			longer = append(longer, k)
		}
		if diff := len(k) - len(word); diff >= limit+2 || -diff >= limit+2 {
			continue // a kernel has thousands of modules
		}
		if d := edits(folded, fold(k)); d < limit {
			best, limit = k, d
		}
	}
	if best == "" && len(longer) == 1 {
		return longer[0]
	}
	return best
}

// Near returns up to three of the known names that name may have been meant to be,
// the closest first: those a few edits away, or else those that begin with it.
func Near(name string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var few, longer []candidate
	limit := len(name)/4 + 1
	for _, k := range known {
		if len(name) > 2 && strings.HasPrefix(k, name) {
			longer = append(longer, candidate{k, len(k)})
		}
		if diff := len(k) - len(name); diff <= limit && -diff <= limit {
			if d := edits(name, k); d <= limit {
				few = append(few, candidate{k, d})
			}
		}
	}
	if len(few) == 0 {
		few = longer
	}
	slices.SortFunc(few, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, c := range few {
		// Beside a good guess a bad one only distracts.
		if len(names) < 3 && c.distance <= few[0].distance+1 && !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

func fold(s string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}

// edits counts bytes to insert, delete, change or swap with their neighbour (the
// optimal string alignment distance): dhpc4 is one edit away from dhcp4.
func edits(a, b string) int {
	before, above := []int(nil), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above[j]+cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
