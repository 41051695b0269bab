package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// UntilError says that the guest did not print what was waited for.
type UntilError struct {
	Pattern string
	// Why is what ended the wait: the guest, or the time.
	Why string
	// Last lines of the console.
	Last []string
	// Accel is the accelerator that the guest ran under.
	Accel string
	// Command repeats the guest by hand.
	Command string
}

func (e *UntilError) Error() string {
	last := "its last lines were:\n" + strings.Join(e.Last, "\n")
	if strings.TrimSpace(strings.Join(e.Last, "")) == "" {
		last = "nothing at all was printed"
		// A nested KVM may run the probe's guest and hang with a kernel.
		if e.Accel == qemu.AccelKVM {
			last += "; where KVM hangs, --accel tcg emulates"
		}
	}
	return fmt.Sprintf("waiting for %q on ttyS0: %s; %s\nrepeat it by hand with:\n%s", e.Pattern, e.Why, last, e.Command)
}

// Until starts the machine, copies ttyS0 to out and ends the machine as soon as re
// matches there. A timeout of 0 stands for the profile's run.timeout. Its error is a
// *UntilError where re did not match.
func (m *Machine) Until(ctx context.Context, re *regexp.Regexp, timeout time.Duration, out io.Writer) error {
	if timeout == 0 {
		timeout = m.timeout
	}
	tooLate := fmt.Errorf("not within %s", timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, tooLate)
	defer cancel()
	g, err := qemu.Start(ctx, m.Config)
	if err != nil {
		return err
	}
	defer g.Kill()
	defer m.tell(g)
	console := g.Consoles()[0]
	stop := console.Tee(out)
	defer stop()
	_, err = console.Expect(ctx, re)
	if err == nil {
		if m.Reported != nil {
			// A login prompt comes before the report's port: who wants the report wants the
			// boot's end in it. Where the boot does not end in time, what there is will do.
			_ = g.Report().Until(ctx, func(s *report.State) bool { return s.Boot != nil })
		}
		return nil
	}
	why := "the guest ended first"
	switch {
	case errors.Is(context.Cause(ctx), tooLate):
		why = tooLate.Error()
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		if exit := g.Wait(); exit.Status != 0 {
			why = fmt.Sprintf("QEMU ended with status %d: %s", exit.Status, exit.Stderr)
		} else if exit.Reason != "" {
			why += " (" + exit.Reason + ")"
		}
	}
	return &UntilError{re.String(), why, console.Tail(12), m.Config.Accel, m.Command()}
}
