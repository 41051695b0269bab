package boot

import (
	"context"
	"errors"
	"time"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Test starts the machine, proves the checks and ends it, all within the profile's
// run.timeout. Its error is that of a guest that did not start; anything else is in
// the results. each, where not nil, sees every check as it is decided.
func (m *Machine) Test(ctx context.Context, checks map[string]check.Check, each func(check.Result)) (check.Results, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	g, err := qemu.Start(ctx, m.Config)
	if err != nil {
		return check.Results{}, err
	}
	r := check.Run(ctx, guest{g, m.button}, check.Plan{
		Checks: checks,
		Vars:   map[string]string{check.PasswordVar: m.Password},
		Each:   each,
	})
	r.Command = g.Command()
	m.tell(g)
	return r, nil
}

// tell hands over the report.
func (m *Machine) tell(g *qemu.Guest) {
	if m.Reported != nil {
		m.Reported(g.Report().State().Events)
	}
}

// guest is a QEMU guest as package check wants to see it.
type guest struct {
	*qemu.Guest
	// button: the guest takes no requests (report.ParamTest), so it is powered off as a
	// person does it.
	button bool
}

func (g guest) Request(ctx context.Context, r report.Request) (report.Event, error) {
	if !g.button || r.Power != "poweroff" {
		return g.Guest.Request(ctx, r)
	}
	_, err := g.QMP(ctx, "system_powerdown", nil)
	return report.Event{Kind: report.KindReply}, err
}

func (g guest) Console(name string) (check.Console, error) {
	c, err := g.Guest.Console(name)
	if err != nil {
		return nil, err // not a nil *Console in a non-nil interface
	}
	return c, nil
}

func (g guest) Consoles() (all []check.Console) {
	for _, c := range g.Guest.Consoles() {
		all = append(all, c)
	}
	return all
}

func (g guest) Kill() { g.Guest.Kill() }

func (g guest) Ending() check.Ending {
	e := g.Wait()
	interrupted := errors.Is(e.Killed, context.Canceled)
	return check.Ending{
		Reason: e.Reason, Status: e.Status, Stderr: e.Stderr, CPU: e.CPU, Took: e.Took.Round(time.Millisecond),
		Interrupted: interrupted,
		Limit:       e.Killed != nil && !interrupted && !errors.Is(e.Killed, qemu.ErrKilled),
	}
}
