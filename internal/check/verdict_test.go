package check

import (
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
)

// reported makes a report's state of events.
func reported(events ...report.Event) report.State {
	log := report.NewLog()
	for _, e := range events {
		log.Add(e)
	}
	log.End()
	return log.State()
}

func TestJudge(t *testing.T) {
	hello := report.Event{Kind: report.KindHello}
	running := report.Event{Kind: report.KindUnit, Name: "mount:/srv", State: "running"}
	late := report.Event{Kind: report.KindLate, Name: "online:lan", State: "late", Message: "no carrier on lan"}
	boot := report.Event{Kind: report.KindBoot, State: "ok"}
	done := report.Event{Kind: report.KindDone, State: "poweroff"}
	off, reset := Ending{Reason: "guest-shutdown"}, Ending{Reason: "guest-reset"}
	limit := Ending{Limit: true, Status: 137, Took: 3 * time.Minute}
	const words = "Kernel panic - not syncing: Attempted to kill init!"
	for _, test := range []struct {
		name     string
		evidence Evidence
		verdict  Verdict
		message  string
	}{
		{"as it should be", Evidence{Report: reported(hello, boot, done), Asked: true, Passed: true, Ending: off}, Good, ""},
		{"a check typed poweroff", Evidence{Report: reported(boot, done), Passed: true, Ending: off}, Good, ""},
		{"panic before uinit", Evidence{Panic: words, Ending: reset}, Panic, words},
		{"panic after boot", Evidence{Report: reported(boot), Panic: words, Asked: true, Ending: reset}, Panic, words},
		{"panic that does not reboot", Evidence{Panic: words, Ending: limit}, Panic, words},
		{"the words in a file that was printed", Evidence{Report: reported(boot, done), Panic: words, Asked: true, Passed: true, Ending: off}, Good, ""},
		{"hang without a word", Evidence{Ending: limit}, Hang, "the guest reported nothing within 180 s"},
		{"hang in a unit", Evidence{Report: reported(hello, late, running), Stuck: true, Ending: Ending{Took: 60 * time.Second}}, Hang,
			"the boot did not come to its end within 60 s; these units were running: mount:/srv, online:lan (late: no carrier on lan)"},
		{"hang in shutdown", Evidence{Report: reported(boot), Asked: true, Stuck: true, Ending: Ending{Took: 50 * time.Second}}, Hang,
			"the guest did not power off when asked; it was killed after 50 s"},
		{"hang after done", Evidence{Report: reported(boot, done), Asked: true, Stuck: true, Ending: Ending{Took: 50 * time.Second}}, Hang,
			"the guest reported its end, but did not power off within 50 s"},
		{"checks take too long", Evidence{Report: reported(boot), Ending: limit}, Hang, "the time for the whole run (180 s) was over before the checks were"},
		{"power-off before uinit", Evidence{Ending: off}, EarlyPowerOff, `the guest powered off by itself, without the report's "done"; it had reported nothing`},
		{"power-off in good order, but early", Evidence{Report: reported(boot, done), Ending: off}, EarlyPowerOff, "the guest powered off in good order before the checks were over"},
		{"reboot", Evidence{Report: reported(boot), Ending: reset}, Reset, "the guest rebooted by itself; its boot was over (ok)"},
		{"no done", Evidence{Report: reported(boot), Asked: true, Passed: true, Ending: off}, CutShort,
			`the guest powered off as asked, but its report has no "done": shutdown did not come to its end`},
		{"no boot", Evidence{Report: reported(hello, done), Asked: true, Passed: true, Ending: off}, CutShort,
			`the guest's report has no "boot": not every unit came to an outcome`},
		{"QEMU crashed", Evidence{Ending: Ending{Status: 139, Stderr: "segfault"}}, QEMUFailed, "exit status 139. segfault"},
		{"QEMU was told to quit", Evidence{Report: reported(boot), Ending: Ending{Reason: "host-signal"}}, QEMUFailed, "it was ended from outside (host-signal)"},
		{"Ctrl-C", Evidence{Ending: Ending{Status: 137, Interrupted: true}}, Interrupted, "the run was ended from outside"},
	} {
		t.Run(test.name, func(t *testing.T) {
			verdict, message := Judge(test.evidence)
			if verdict != test.verdict || message != test.message {
				t.Errorf("Judge() = %s: %s\nwant %s: %s", verdict, message, test.verdict, test.message)
			}
		})
	}
}
