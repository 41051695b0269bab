package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
)

// run is one check while it is being proved.
type run struct {
	name string
	Check
	guest Guest
	vars  map[string]string
	after *run
	// ends is where on each console this check and those before it have read to.
	ends map[string]int

	done   chan struct{} // closed when result is set
	result Result
}

// runChecks proves all checks side by side, but for those that come after others.
func runChecks(ctx context.Context, g Guest, plan Plan) []Result {
	names := order(plan.Checks)
	runs := make(map[string]*run, len(names))
	var all sync.WaitGroup
	var each sync.Mutex
	for _, name := range names {
		r := &run{name: name, Check: plan.Checks[name], guest: g, vars: plan.Vars, ends: map[string]int{}, done: make(chan struct{})}
		r.after = runs[r.After]
		runs[name] = r
		all.Go(func() {
			defer close(r.done)
			r.result = r.decide(ctx)
			if plan.Each != nil {
				each.Lock()
				defer each.Unlock()
				plan.Each(r.result)
			}
		})
	}
	all.Wait()
	results := make([]Result, len(names))
	for i, name := range names {
		results[i] = runs[name].result
	}
	return results
}

func (r *run) decide(ctx context.Context) Result {
	result := Result{Name: r.name}
	if r.After != "" {
		if r.after == nil {
			result.Message, result.Skipped = fmt.Sprintf("there is no check %q to come after", r.After), true
			return result
		}
		<-r.after.done
		maps.Copy(r.ends, r.after.ends)
	}
	if r.after != nil && !r.after.result.Passed {
		result.Message, result.Skipped = fmt.Sprintf("not tried, because %s did not pass", r.After), true
		result.Seconds = r.after.result.Seconds
		return result
	}
	deadline := r.guest.Started().Add(time.Duration(r.Within))
	ctx, cancel := context.WithDeadlineCause(ctx, deadline, errWithin)
	defer cancel()
	result.Message, result.Detail = r.prove(ctx)
	result.Passed = result.Message == ""
	result.Seconds = seconds(time.Since(r.guest.Started()))
	return result
}

// prove returns "" where the check passed, else what was wanted and what was seen.
func (r *run) prove(ctx context.Context) (message string, detail []string) {
	switch {
	case r.Console != "":
		return r.console(ctx)
	case r.Unit != "":
		return r.unit(ctx), nil
	case r.Fact != "":
		return r.fact(ctx), nil
	default:
		return r.command(ctx)
	}
}

func (r *run) console(ctx context.Context) (string, []string) {
	console, err := r.guest.Console(r.Console)
	if err != nil {
		return err.Error(), nil
	}
	if r.Expect != "" {
		re, err := r.Expect.compile(r.vars)
		if err != nil {
			return err.Error(), nil
		}
		_, end, err := console.ExpectAfter(ctx, r.ends[r.Console], re)
		if err != nil {
			return fmt.Sprintf("wanted %q on %s%s; its last lines were:", string(r.Expect), r.Console, r.tooLate(ctx)), console.Tail(12)
		}
		r.ends[r.Console] = end
	}
	if r.Send != "" {
		if err := console.Send(expand(r.Send, r.vars)); err != nil {
			return err.Error(), console.Tail(12)
		}
	}
	return "", nil
}

func (r *run) unit(ctx context.Context) string {
	wanted := r.Outcome
	if wanted == "" {
		wanted = OK
	}
	hopeless := false
	err := r.guest.Report().Until(ctx, func(s *report.State) bool {
		u, known := s.Units[r.Unit]
		// Once the boot is over only a service gets another try.
		final := !known || Outcome(u.State) == Failed || Outcome(u.State) == Skipped
		hopeless = s.Boot != nil && final && !strings.HasPrefix(r.Unit, "service:")
		return known && Outcome(u.State) == wanted || hopeless
	})
	s := r.guest.Report().State()
	u, known := s.Units[r.Unit]
	switch {
	case err == nil && Outcome(u.State) == wanted:
		return ""
	case !known && len(s.Units) > 0:
		return fmt.Sprintf("wanted unit %s to be %s%s; the guest has only %s", r.Unit, wanted, r.tooLate(ctx), strings.Join(slices.Sorted(maps.Keys(s.Units)), ", "))
	case !known:
		return fmt.Sprintf("wanted unit %s to be %s%s; the guest reported no unit", r.Unit, wanted, r.tooLate(ctx))
	}
	message := fmt.Sprintf("wanted unit %s to be %s%s; it is %s", r.Unit, wanted, r.tooLate(ctx), u.State)
	if u.Message != "" {
		message += ": " + u.Message
	}
	return message
}

func (r *run) fact(ctx context.Context) string {
	missing := "to be reported"
	err := r.guest.Report().Until(ctx, func(s *report.State) bool {
		e, known := s.Facts[r.Fact]
		if known {
			missing = r.compare(e.Value)
		}
		return missing == ""
	})
	if err == nil {
		return ""
	}
	s := r.guest.Report().State()
	seen := "it was not reported"
	if e, known := s.Facts[r.Fact]; known {
		seen = "it is " + show(e.Value)
	} else if len(s.Facts) > 0 {
		seen += "; the guest has only " + strings.Join(slices.Sorted(maps.Keys(s.Facts)), ", ")
	}
	return fmt.Sprintf("wanted fact %s %s%s; %s", r.Fact, missing, r.tooLate(ctx), seen)
}

func (r *run) command(ctx context.Context) (string, []string) {
	line := strings.Join(r.Command, " ")
	booted := r.guest.Report().Until(ctx, func(s *report.State) bool { return s.Boot != nil })
	if booted != nil {
		return fmt.Sprintf("wanted to run %q once the boot was over%s; it was not", line, r.tooLate(ctx)), nil
	}
	deadline, _ := ctx.Deadline()
	reply, err := r.guest.Request(ctx, report.Request{Command: r.Command, Timeout: time.Until(deadline).Seconds()})
	switch {
	case errors.Is(err, errWithin):
		return fmt.Sprintf("wanted %q to end%s; it did not", line, r.tooLate(ctx)), nil
	case err != nil:
		return fmt.Sprintf("running %q: %v", line, err), nil
	case reply.Exit == nil:
		return fmt.Sprintf("running %q: %s", line, reply.Message), nil
	}
	detail := lines(reply.Output + reply.Errors)
	if *reply.Exit != r.Exit {
		return fmt.Sprintf("wanted %q to end with status %d; it ended with %d and printed:", line, r.Exit, *reply.Exit), detail
	}
	if r.Output != "" {
		re, err := r.Output.compile(nil)
		if err != nil {
			return err.Error(), nil
		}
		if !re.MatchString(reply.Output) {
			return fmt.Sprintf("wanted %q to print %q; it printed:", line, string(r.Output)), detail
		}
	}
	return "", nil
}

// tooLate says what ended the wait: the check's own limit, or the guest.
func (r *run) tooLate(ctx context.Context) string {
	switch {
	case errors.Is(context.Cause(ctx), errWithin):
		return fmt.Sprintf(" within %s", time.Duration(r.Within))
	case ctx.Err() != nil:
		return " before the run ended"
	}
	return ""
}

// lines returns the last lines of an output.
func lines(s string) []string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return all[max(0, len(all)-12):]
}
