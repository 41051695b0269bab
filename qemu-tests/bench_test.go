package qemu_tests

import (
	"os"
	"strings"
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
func measuring() bool { return os.Getenv("IMGBUILD_BENCH") != "" }

// benchmark is the start of every benchmark: they take minutes, and a busy machine
// makes some of them fail.
func benchmark(t *testing.T) *benched {
	t.Helper()
	if !measuring() {
		t.Skip("it measures and proves nothing; IMGBUILD_BENCH is set by make bench")
	}
	b := &benched{t: t}
	t.Cleanup(b.print)
	return b
}

func (b *benched) add(f bench.Figure) {
	b.t.Helper()
	b.figures = append(b.figures, f)
	if !f.Kept() {
		b.t.Errorf("%s is out of its bound", f.Name)
	}
}

func (b *benched) print() {
	var table strings.Builder
	if err := bench.Write(&table, b.figures); err != nil {
		b.t.Error(err)
	}
	b.t.Logf("\n%s", table.String())
}
