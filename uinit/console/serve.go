package console

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Serve keeps a login on /dev/NAME until ctx ends, starting it anew each time somebody leaves. It returns
// an *AbsentError when this box has no such terminal, and nil at once when the row
// says that nobody logs in there. status gives lines for the issue text, such as the units
// that failed; it is called often and must not block.
func Serve(ctx context.Context, name string, c spec.Console, m *spec.Machine, status func() []string) error {
	if c.Login == spec.LoginOff {
		return nil
	}
	if !thisHost.present(name) {
		return &AbsentError{Name: name}
	}
	return errors.ErrUnsupported
}

// GettyMain is the program "getty NAME".
func GettyMain(args []string) int { return 1 }

// LoginMain is the program "login [NAME]".
func LoginMain(args []string) int { return 1 }

// Rescue offers a root shell on the kernel's consoles and returns when the person leaves it.
func Rescue(reason string) int { return 1 }
