package bench

import (
	"os"
	"strings"
	"testing"
)

// Wanted says that figures are to be measured: make bench does.
func Wanted() bool { return os.Getenv("IMGBUILD_BENCH") != "" }

// Skip ends a test that only measures, unless that is wanted.
func Skip(t testing.TB) {
	t.Helper()
	if !Wanted() {
		t.Skip("it measures and proves nothing; IMGBUILD_BENCH is set by make bench")
	}
}

// Hold prints figures, and fails for those that are out of their bounds.
func Hold(t testing.TB, figures ...Figure) {
	t.Helper()
	var table strings.Builder
	if err := Write(&table, figures); err != nil {
		t.Error(err)
	}
	t.Logf("\n%s", table.String())
	for _, f := range figures {
		if !f.Kept() {
			t.Errorf("%s is out of its bound", f.Name)
		}
	}
}
