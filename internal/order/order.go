// Package order sorts lists of uinit's. The compiler makes a copy of slices.SortFunc, 8 KB, for every type that
// it sorts; an init that is unpacked at every boot can do without those.
package order

import "sort"

// By sorts a list by a comparison as slices.SortStableFunc does: equal ones stay as they are.
func By[T any](list []T, compare func(a, b T) int) {
	sort.SliceStable(list, func(i, j int) bool { return compare(list[i], list[j]) < 0 })
}
