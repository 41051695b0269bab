package md

import (
	"sync"
	"sync/atomic"
)

// arms is how many disks are read at once: each has to move its own to the places of the marks, and many come up together.
const arms = 8

// sideBySide asks for something of each device, of some at once, and returns the answers in their order.
func sideBySide[T any](names []string, ask func(name string) T) []T {
	answers := make([]T, len(names))
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(arms, len(names)) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				answers[i] = ask(names[i])
			}
		})
	}
	all.Wait()
	return answers
}
