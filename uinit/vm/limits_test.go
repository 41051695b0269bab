package vm

import (
	"testing"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A guest that its row gives no time to power off gets none: a zero is the row's own word, and no gap.
func TestZerosOfARow(t *testing.T) {
	var v spec.VM
	defaults.Fill(&v)
	v.StopTimeout = 0
	if s := supervised(v); s.StopTimeout != 0 || s.RestartDelay != v.RestartDelay || s.RestartMax == 0 {
		t.Errorf("%+v", s)
	}
}
