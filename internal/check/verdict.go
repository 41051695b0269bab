package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
)

// Evidence is what tells one ending from another.
type Evidence struct {
	// Report as it stood at the end.
	Report report.State
	// Panic is the kernel's last words on a console; empty where there were none.
	Panic string
	// Asked: the guest was asked to power off, and had time to.
	Asked bool
	// Stuck: it was killed because it did not go after being asked.
	Stuck bool
	// Refused is why it said that it would not.
	Refused string
	// Passed: every check did.
	Passed bool
	Ending Ending
}

// panicLine is what kernel/panic.c prints. A panic is an orderly reset to the
// virtual machine, so this line is the only thing that tells it from one.
var panicLine = regexp.MustCompile(`Kernel panic - not syncing: .*`)

// Judge tells how the boot went and why it is so judged.
func Judge(e Evidence) (Verdict, string) {
	end, done := e.Ending, e.Report.Done
	orderly := done != nil && end.Reason == "guest-shutdown"
	switch {
	case e.Panic != "" && !orderly:
		return Panic, e.Panic
	case end.Interrupted:
		return Interrupted, "the run was ended from outside"
	case e.Refused != "":
		return CutShort, "the guest would not power off: " + e.Refused
	case e.Stuck || end.Limit:
		return Hang, hangMessage(e)
	case end.Status != 0:
		return QEMUFailed, strings.TrimSpace(fmt.Sprintf("exit status %d. %s", end.Status, end.Stderr))
	case strings.HasPrefix(end.Reason, "host-"):
		return QEMUFailed, "it was ended from outside (" + end.Reason + ")"
	case end.Reason == "guest-reset" && (done == nil || done.State != "poweroff"):
		return Reset, "the guest rebooted by itself; " + reached(e.Report)
	case done == nil && e.Asked:
		return CutShort, `the guest powered off as asked, but its report has no "done": shutdown did not come to its end`
	case done == nil:
		return EarlyPowerOff, "the guest powered off by itself, without the report's \"done\"; " + reached(e.Report)
	case !e.Asked && !e.Passed:
		return EarlyPowerOff, "the guest powered off in good order before the checks were over"
	case e.Report.Boot == nil:
		return CutShort, `the guest's report has no "boot": not every unit came to an outcome`
	}
	return Good, ""
}

func hangMessage(e Evidence) string {
	s := e.Report
	after := fmt.Sprintf(" within %.0f s", e.Ending.Took.Seconds())
	switch {
	case len(s.Events) == 0:
		return "the guest reported nothing" + after
	case s.Boot == nil:
		return "the boot did not come to its end" + after + "; " + reached(s)
	case s.Done != nil:
		return "the guest reported its end, but did not power off" + after
	case e.Asked:
		return "the guest did not power off when asked; it was killed after " + fmt.Sprintf("%.0f s", e.Ending.Took.Seconds())
	}
	return fmt.Sprintf("the time for the whole run (%.0f s) was over before the checks were", e.Ending.Took.Seconds())
}

// reached says how far a boot came.
func reached(s report.State) string {
	if len(s.Events) == 0 {
		return "it had reported nothing"
	}
	if s.Boot != nil {
		return fmt.Sprintf("its boot was over (%s)", s.Boot.State)
	}
	var running []string
	for _, name := range slices.Sorted(maps.Keys(s.Units)) {
		switch u := s.Units[name]; {
		case u.Kind == report.KindLate && u.Message != "":
			running = append(running, name+" (late: "+u.Message+")")
		case u.State == "running":
			running = append(running, name)
		}
	}
	if len(running) == 0 {
		return fmt.Sprintf("%d events had come", len(s.Events))
	}
	return "these units were running: " + strings.Join(running, ", ")
}
