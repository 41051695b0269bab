// Package syslog keeps the latest log records of the kernel, uinit and the services in
// memory, and sends them to a server as syslog (RFC 5424) over UDP, TCP or TLS.
//
// Nothing here waits for a disk or a server while a record is added: memory is bounded, what
// does not fit is dropped, and what was dropped is counted and said.
package syslog

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Severities of syslog that this package uses itself (RFC 5424, section 6.2.1).
const (
	Warning = 4
	Info    = 6
)

// Facilities of syslog (RFC 5424, section 6.2.1).
const (
	Kernel = 0
	User   = 1
	Daemon = 3

	// Echo (local0) is what services' lines have in the kernel's log. It tells them apart when they come back from
	// there: the ring has them already, without the kernel log's limits.
	Echo = 16
)

// Uptime is the time since the kernel started, as records have it (CLOCK_BOOTTIME).
func Uptime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// Record is one message. Its time is since the kernel's start, for the clock may be wrong
// when it is made; the date is worked out when it is sent.
type Record struct {
	// Seq counts the records of a Ring from 1.
	Seq uint64
	// At is the time since the kernel started.
	At       time.Duration
	Facility int
	Severity int
	// Program is "kernel", "uinit" or a service's name.
	Program string
	// PID is 0 where it is not known.
	PID     int
	Message string
	// Data says the same for programs; it is sent, and not shown to people.
	Data Element
}

// Element is structured data (RFC 5424, section 6.3); one without an ID is none.
type Element struct {
	// ID is NAME@NUMBER of an enterprise.
	ID     string
	Params []Param
}

// Param is one name and value of it. Names are printable US-ASCII.
type Param struct{ Name, Value string }

// overhead is what a record costs in memory besides its text.
const overhead = 96

func (r Record) size() int64 {
	n := len(r.Program) + len(r.Message) + overhead
	for _, p := range r.Data.Params {
		n += len(p.Name) + len(p.Value) + 32 // two headers of strings
	}
	return int64(n)
}

// maxMessage bounds a message in bytes: no program should fill the ring with one line.
const maxMessage = 8 << 10

// clean makes text fit for a line: valid UTF-8 without control characters, bounded.
func clean(text string, limit int) string {
	// Mapping a broken byte turns it into U+FFFD.
	text = strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.TrimRight(text, "\r\n"))
	if len(text) <= limit {
		return text
	}
	cut := limit - len("...")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}
