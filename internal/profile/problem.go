package profile

import "github.com/imgbuild/imgbuild/internal/problem"

// Pos is a place in a profile.
type Pos = problem.Pos

// Problem is one thing that is wrong with a profile.
type Problem = problem.Problem

// Problems is every problem found, in the order of the text. It is an error
// when at least one is more than a warning.
type Problems = problem.Problems

func joinKey(path, key string) string { return problem.JoinKey(path, key) }

func joinIndex(path string, i int) string { return problem.JoinIndex(path, i) }
