package console

import (
	"context"
	"errors"
	"testing"

	"github.com/imgbuild/imgbuild/uinit/unit"
)

func TestTerminalsHaveOneUser(t *testing.T) {
	var all terminals
	leave, ok := all.try("ttyS0")
	if _, twice := all.try("ttyS0"); !ok || twice {
		t.Errorf("taken: %v, taken again: %v", ok, twice)
	}
	if other, ok := all.try("tty1"); !ok {
		t.Error("another terminal can't be taken")
	} else {
		other()
	}
	over, end := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	end(gone)
	if _, err := all.take(over, "ttyS0"); !errors.Is(err, gone) {
		t.Errorf("waiting ended with %v", err)
	}
	taken := make(chan func())
	go func() {
		leave, _ := all.take(t.Context(), "ttyS0")
		taken <- leave
	}()
	leave()
	(<-taken)()
	if _, ok := all.try("ttyS0"); !ok {
		t.Error("a terminal that was left can't be taken")
	}
}

func TestWhatIsHeld(t *testing.T) {
	held := whatIsHeld([]unit.Unit{{Name: "users", Unheld: true}, {Name: "link:lan"}})
	for name, want := range map[string]bool{"users": false, "link:lan": true, "unknown": true} {
		if held(name) != want {
			t.Errorf("%s held: %v", name, !want)
		}
	}
}
