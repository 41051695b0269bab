package profile

import "github.com/imgbuild/imgbuild/internal/strict"

// Pos is a place in a profile.
type Pos = strict.Pos

// Problem is one thing that is wrong with a profile.
type Problem = strict.Problem

// Problems is every problem found, in the order of the text. It is an error
// when at least one is more than a warning.
type Problems = strict.Problems

func joinKey(path, key string) string { return strict.JoinKey(path, key) }

func joinIndex(path string, i int) string { return strict.JoinIndex(path, i) }
