package check

import "time"

// Result is what became of one check.
type Result struct {
	Name string `json:"name"`
	// Passed, or Skipped: not tried because the check it comes after did not pass.
	Passed  bool `json:"passed"`
	Skipped bool `json:"skipped,omitempty"`
	// Seconds from the start of the guest until this was decided, on the host's clock.
	Seconds float64 `json:"seconds"`
	// Message is what was wanted and what was seen instead; empty where it passed.
	Message string `json:"message,omitempty"`
	// Detail are the lines that go with it: the console's last ones, a command's output.
	Detail []string `json:"detail,omitempty"`
}

// Verdict is how the boot as a whole went.
type Verdict string

// Verdicts. Only Good lets a test pass.
const (
	Good          Verdict = "ok"
	Panic         Verdict = "panic"           // the kernel gave up
	Hang          Verdict = "hang"            // the time was over
	EarlyPowerOff Verdict = "early power-off" // it went off without being asked
	Reset         Verdict = "reset"           // it rebooted without being asked
	CutShort      Verdict = "cut short"       // its report or its shutdown did not come to its end
	QEMUFailed    Verdict = "QEMU failed"     // not the guest's doing
	Interrupted   Verdict = "interrupted"     // a person ended the run
)

// Results is what a test found.
type Results struct {
	// Checks in the order of their names, each after the one it comes after.
	Checks  []Result `json:"checks"`
	Verdict Verdict  `json:"verdict"`
	// Message says why, for every verdict but Good.
	Message string `json:"message,omitempty"`
	// Console is the last lines of the first console, where the verdict is not Good.
	Console []string `json:"console,omitempty"`
	// Boot is the guest's uptime in seconds when every unit had an outcome, and
	// BootState ok or degraded; 0 and empty where that was not reported.
	Boot      float64 `json:"boot_seconds,omitempty"`
	BootState string  `json:"boot_state,omitempty"`
	// CPU is the processor time of QEMU and Took the time it ran, in seconds.
	CPU  float64 `json:"cpu_seconds"`
	Took float64 `json:"seconds"`
	// Command repeats the guest by hand.
	Command string `json:"command,omitempty"`
}

// Passed says whether everything did.
func (r Results) Passed() bool { return r.Verdict == Good && r.failed() == 0 }

func (r Results) failed() (n int) {
	for _, c := range r.Checks {
		if !c.Passed {
			n++
		}
	}
	return n
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
