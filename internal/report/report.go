// Package report is what uinit tells its host: events and facts as JSON, one
// object a line. The last event of a boot that was reported to its end is
// "done"; a stream without it was cut short, which is a finding in itself.
package report

import (
	"encoding/json"
	"fmt"
	"time"
)

// Names of the virtio-serial ports that the guest looks for under
// /sys/class/virtio-ports/*/name.
const (
	PortReport  = "org.imgbuild.report"  // guest to host: Events
	PortControl = "org.imgbuild.control" // host to guest: Requests; replies come as Events
)

// Keys below opt/ in QEMU's fw_cfg (docs/specs/fw_cfg in QEMU's source).
const (
	// FWRootHash holds root's password hash for this boot (spec.Access.HostPassword).
	FWRootHash = "opt/org.imgbuild/root-hash"
)

// Words on the kernel line that uinit understands for tests.
const (
	// ParamTest lets the host run commands in the guest through PortControl.
	ParamTest = "uinit.test"
	// ParamReport names a serial port for the report where there is no virtio
	// port: uinit.report=ttyS1.
	ParamReport = "uinit.report"
)

// Kind tells events apart.
type Kind string

// Kinds of events.
const (
	KindHello Kind = "hello" // first: uinit's version and the kernel's release
	KindUnit  Kind = "unit"  // a unit changed its state
	KindFact  Kind = "fact"  // a named value; a later one replaces it
	KindLate  Kind = "late"  // a unit passed its deadline: Message says what it waits for
	KindBoot  Kind = "boot"  // every unit has an outcome: State is ok or degraded
	KindLog   Kind = "log"   // a record of the log: Name is the program, Seconds when it was made (CLOCK_BOOTTIME)
	KindReply Kind = "reply" // answer to Request ID
	KindDone  Kind = "done"  // last: State is poweroff, reboot or halt
)

// Event is one line of the report. Fields that a kind does not use are absent.
type Event struct {
	Kind Kind `json:"kind"`
	// Uptime is seconds since the kernel started (CLOCK_BOOTTIME).
	Uptime float64 `json:"uptime"`
	// Name is the unit's or the fact's.
	Name string `json:"name,omitempty"`
	// State is a unit's: running, ok, failed, skipped, late; see uinit/unit.
	State string `json:"state,omitempty"`
	// Seconds is how long a unit took.
	Seconds float64 `json:"seconds,omitempty"`
	// Message is an error or what a late unit waits for.
	Message string `json:"message,omitempty"`
	// Value is a fact's: string, number, boolean or a list of these.
	Value any `json:"value,omitempty"`
	// ID is the request's that a reply answers.
	ID int `json:"id,omitempty"`
	// Exit is a command's exit status, in a reply; 128+N when signal N ended it.
	Exit *int `json:"exit,omitempty"`
	// Output is what the command wrote to standard output, at most 64 KiB of it;
	// Errors the same for standard error.
	Output string `json:"output,omitempty"`
	Errors string `json:"errors,omitempty"`
}

// Request is what the host asks of the guest, one a line on PortControl.
type Request struct {
	ID int `json:"id"`
	// Command runs as root without a shell, in /. Only with ParamTest.
	Command []string `json:"command,omitempty"`
	// Power asks for "poweroff" or "reboot", the same as the command of that name.
	Power string `json:"power,omitempty"`
	// Ack says that the host has the report's "done"; the guest may power off.
	Ack bool `json:"ack,omitempty"`
	// Timeout bounds Command, in seconds; 0 means 60.
	Timeout float64 `json:"timeout,omitempty"`
}

// ParseEvent reads one line. Unknown kinds are kept: the guest may be newer.
func ParseEvent(line []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, fmt.Errorf("reading a report line: %w", err)
	}
	if e.Kind == "" {
		return Event{}, fmt.Errorf("reading a report line: no kind in %.80q", line)
	}
	return e, nil
}

// Seconds converts a duration to the unit of the report.
func Seconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e6 }
