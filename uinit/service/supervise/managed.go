package supervise

import (
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Unmanaged is the outcome of a unit whose program was to be started with the machine: what somebody started or stopped
// by hand before that is left as it is.
func Unmanaged(err error) error {
	left := new(StateError)
	if !errors.As(err, &left) {
		return err
	}
	switch left.State {
	case Starting, Running, Pausing:
		return nil
	case Stopped:
		return fmt.Errorf("%w: %w", err, unit.ErrSkip)
	}
	return err
}
