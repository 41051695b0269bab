package main

import (
	"slices"
	"testing"
)

// Whom it becomes is somebody else than root, and all of it makes sense.
func TestParseAccount(t *testing.T) {
	for as, want := range map[string][]int{
		"1000:1000": {1000, 1000}, "5:6,7,8": {5, 6, 7, 8}, "5:0": {5, 0},
		"": nil, "5": nil, "0:5": nil, ":5": nil, "5:": nil, "5:6,": nil, "-1:5": nil, "5:-1": nil, "a:5": nil, "2147483648:5": nil, "5:6:7": nil,
	} {
		uid, groups, err := parseAccount(as)
		if (err == nil) != (want != nil) || err == nil && !slices.Equal(append([]int{uid}, groups...), want) {
			t.Errorf("%q: %d, %v, %v; want %v", as, uid, groups, err, want)
		}
	}
}
