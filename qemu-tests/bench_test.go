package qemu_tests

import (
	"testing"

	"github.com/imgbuild/imgbuild/internal/bench"
)

// uinitBound is how large the init of headless may be, in MB: 3 % more than before features had folders of their own, and what it takes
// to keep services apart and say what they may do.
const uinitBound = 6.45

// benched collects the figures of a benchmark and prints them as it ends.
type benched struct {
	t       *testing.T
	figures []bench.Figure
}

// measuring says that figures are wanted: then all is built as it is shipped, and not as it is tested quickest.
func measuring() bool { return bench.Wanted() }

// benchmark is the start of every benchmark: they take minutes, and a busy machine
// makes some of them fail.
func benchmark(t *testing.T) *benched {
	t.Helper()
	bench.Skip(t)
	b := &benched{t: t}
	t.Cleanup(func() { bench.Hold(t, b.figures...) })
	return b
}

func (b *benched) add(f bench.Figure) { b.figures = append(b.figures, f) }
