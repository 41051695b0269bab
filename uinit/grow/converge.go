package grow

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/gptedit"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Kernel is what is looked at and changed.
type Kernel interface {
	Observe() (State, error)
	Do(Op) error
}

// Result is how it ended.
type Result struct {
	// Before and After are the sizes of the partition in bytes.
	Before, After int64
	// Done is what was done.
	Done []Op
}

// Converge does what is missing. Done a second time it does nothing.
func Converge(k Kernel, want spec.Growth) (Result, error) {
	have, err := k.Observe()
	if err != nil {
		return Result{}, fmt.Errorf("looking at the partition of %s: %w", want.Mount, err)
	}
	size := have.Known * gptedit.Sector
	r := Result{Before: size, After: size}
	ops, err := Plan(want, have)
	if err != nil {
		return r, fmt.Errorf("growing the partition of %s: %w", want.Mount, err)
	}
	for _, op := range ops {
		if err := k.Do(op); err != nil {
			return r, fmt.Errorf("growing the partition of %s: %s: %w", want.Mount, op, err)
		}
		r.Done = append(r.Done, op)
		if p, ok := op.(ResizePartition); ok {
			r.After = p.Sectors * gptedit.Sector
		}
	}
	return r, nil
}
