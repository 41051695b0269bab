package order_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/order"
)

// It sorts as slices does, equal ones included.
func TestBy(t *testing.T) {
	type pair struct{ key, place int }
	byKey := func(a, b pair) int { return cmp.Compare(a.key, b.key) }
	for n := range 40 {
		var got []pair
		for i := range n {
			got = append(got, pair{i * 7 % 5, i})
		}
		want := slices.Clone(got)
		slices.SortStableFunc(want, byKey)
		order.By(got, byKey)
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
