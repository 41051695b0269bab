package profile

import "strings"

// DidYouMean returns "; did you mean X?" for the known word closest to the
// one given, or nothing when none is close.
func DidYouMean(word string, known []string) string {
	if s := Closest(word, known); s != "" {
		return "; did you mean " + s + "?"
	}
	return ""
}

// Closest returns the known word within a third of the given one's length in
// single-character edits, or "". Case, hyphens and underscores don't count.
func Closest(word string, known []string) string {
	best, distance := "", len(word)/3+1
	for _, k := range known {
		if d := edits(fold(word), fold(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

func fold(s string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}

// edits counts insertions, deletions, substitutions and swapped neighbours (the
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
