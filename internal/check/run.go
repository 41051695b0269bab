package check

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// goodbye is how long the guest may take to power off, on the host's clock. Its
// own shutdown is bounded at a half of that (spec.Boot.StopTimeout).
const goodbye = 40 * time.Second

// errWithin ends a check that took too long.
var errWithin = errors.New("the time was over")

// Plan is what to prove.
type Plan struct {
	Checks map[string]Check
	// Vars are values of ${NAME} in Expect and Send.
	Vars map[string]string
	// Each, where given, sees every result as it is decided; never two at once.
	Each func(Result)
}

// Run proves the plan, asks the guest to power off and judges how that went. The guest
// is gone when it returns. The end of ctx is to kill the guest by itself, as
// qemu.Start sees to.
func Run(ctx context.Context, g Guest, plan Plan) Results {
	plan.Checks = filled(plan.Checks)
	r := Results{Checks: runChecks(ctx, g, plan)}
	evidence := Evidence{Passed: r.failed() == 0}
	evidence.Asked, evidence.Stuck, evidence.Refused = end(ctx, g, plan.longest())
	evidence.Report, evidence.Ending = g.Report().State(), g.Ending()
	for _, c := range g.Consoles() {
		if words := panicLine.FindString(c.Text()); words != "" && evidence.Panic == "" {
			evidence.Panic = words
		}
	}
	r.Verdict, r.Message = Judge(evidence)
	if consoles := g.Consoles(); r.Verdict != Good && len(consoles) > 0 {
		r.Console = consoles[0].Tail(20)
	}
	if b := evidence.Report.Boot; b != nil {
		r.Boot, r.BootState = b.Uptime, b.State
	}
	r.CPU, r.Took = seconds(evidence.Ending.CPU), seconds(evidence.Ending.Took)
	return r
}

// Decide proves the plan and leaves the guest as it is.
func Decide(ctx context.Context, g Guest, plan Plan) []Result {
	plan.Checks = filled(plan.Checks)
	return runChecks(ctx, g, plan)
}

// Longest is the greatest within of the checks: all are decided by then.
func (p Plan) Longest() time.Duration {
	longest := spec.Duration(0)
	for _, c := range filled(p.Checks) {
		longest = max(longest, c.Within)
	}
	return time.Duration(longest)
}

// filled are checks with the defaults of their schema.
func filled(checks map[string]Check) map[string]Check {
	all := map[string]Check{}
	for name, c := range checks {
		defaults.Fill(&c)
		all[name] = c
	}
	return all
}

// longest is how long the guest may take to boot where no check says more.
func (p Plan) longest() time.Duration {
	usual := Check{}
	defaults.Fill(&usual)
	longest := usual.Within
	for _, c := range p.Checks {
		longest = max(longest, c.Within)
	}
	return time.Duration(longest)
}

// end waits until the boot is over, asks the guest to power off and waits until it is
// gone. Where it does not go it is killed, and stuck; refused is why it will not go.
func end(ctx context.Context, g Guest, boot time.Duration) (asked, stuck bool, refused string) {
	booting, cancel := context.WithDeadline(ctx, g.Started().Add(boot))
	booted := g.Report().Until(booting, func(s *report.State) bool { return s.Boot != nil || s.Done != nil })
	cancel()
	leaving, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	state := g.Report().State()
	if booted == nil && state.Done == nil && !state.Ended {
		asked = true
		// An answer that does not come is no finding: the guest's end is.
		if reply, err := g.Request(leaving, report.Request{Power: "poweroff"}); err == nil && reply.State == "failed" {
			refused = reply.Message
			cancel()
		}
	}
	if booted != nil && !state.Ended {
		// It had its time. One that did not boot would not power off either.
		stuck = true
		cancel()
	}
	select {
	case <-g.Exited():
		return asked, false, refused
	case <-leaving.Done():
	}
	if ctx.Err() == nil {
		stuck = true
	}
	g.Kill()
	<-g.Exited()
	return asked, stuck && ctx.Err() == nil, refused
}

// order lists names sorted, each after the one it comes after.
func order(checks map[string]Check) []string {
	var names []string
	begun := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		c, ok := checks[name]
		if !ok || begun[name] {
			return
		}
		begun[name] = true
		add(c.After)
		names = append(names, name)
	}
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		add(name)
	}
	return names
}
