package kmod

// suggest finds the module whose name is nearest to name, or "" when none is near
// enough to be what was meant.
func (x *Index) suggest(name string) string {
	name = Canonical(name)
	best, limit := "", len(name)/3+1
	for i := range x.Modules {
		candidate := x.Modules[i].Name
		if d := len(candidate) - len(name); d >= limit || -d >= limit {
			continue
		}
		if d := distance(name, candidate); d < limit {
			best, limit = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's: how many letters to insert, delete or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
