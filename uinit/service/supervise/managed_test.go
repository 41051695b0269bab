package supervise

import (
	"errors"
	"testing"

	"github.com/imgbuild/imgbuild/uinit/unit"
)

func TestUnmanaged(t *testing.T) {
	other := errors.New("other")
	if err := Unmanaged(other); err != other {
		t.Error(err)
	}
	for state, want := range map[State]unit.State{Running: unit.OK, Pausing: unit.OK, Stopped: unit.Skipped, Failed: unit.Failed} {
		got := unit.OK
		switch err := Unmanaged(&StateError{Name: "a", State: state}); {
		case errors.Is(err, unit.ErrSkip):
			got = unit.Skipped
		case err != nil:
			got = unit.Failed
		}
		if got != want {
			t.Errorf("one that is %s: %s, want %s", state, got, want)
		}
	}
}
