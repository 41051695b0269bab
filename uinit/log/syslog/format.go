package syslog

import (
	"strconv"
	"strings"
	"time"
)

// Format writes records as syslog messages (RFC 5424).
type Format struct {
	// Host is this machine's name.
	Host string
	// Wall turns a time since the kernel's start into a date.
	Wall func(at time.Duration) time.Time
	// Synced says whether that date comes from a time server; nil is no.
	Synced func() bool
	// Limit bounds a message in bytes.
	Limit int
}

// Limits of a message in bytes.
const (
	// limitUDP keeps a message in one packet everywhere (RFC 5426, section 3.2: the path's
	// MTU, which is at least 1280 in IPv6).
	limitUDP = 1200
	// limitStream is what every receiver should take (RFC 5425, section 4.3.1).
	limitStream = 8192
)

// Message writes one record. number is its place among all that were to be sent, by which
// the receiver sees gaps (RFC 5424, section 7.3.1).
func (f Format) Message(r Record, number uint64) []byte {
	var b strings.Builder
	b.WriteString("<" + strconv.Itoa(r.Facility<<3|r.Severity) + ">1 ")
	// RFC 5424 allows six digits of a fraction, no more.
	b.WriteString(f.Wall(r.At).UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
	b.WriteString(" " + name(f.Host, 255) + " " + name(r.Program, 48) + " ")
	if r.PID > 0 {
		b.WriteString(strconv.Itoa(r.PID))
	} else {
		b.WriteByte('-')
	}
	synced := "0"
	if f.Synced != nil && f.Synced() {
		synced = "1"
	}
	b.WriteString(` - [timeQuality tzKnown="1" isSynced="` + synced + `"]`)
	r.Data.write(&b)
	// The number wraps at 2147483647 to 1.
	b.WriteString(`[meta sequenceId="` + strconv.FormatUint((number-1)%(1<<31-1)+1, 10) + `"] `)
	text := clean(r.Message, max(f.Limit-b.Len()-len(bom), 64))
	if !ascii(text) {
		b.WriteString(bom)
	}
	b.WriteString(text)
	return []byte(b.String())
}

// escapes of a parameter's value (RFC 5424, section 6.3.3).
var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

func (e Element) write(b *strings.Builder) {
	if e.ID == "" {
		return
	}
	b.WriteString("[" + e.ID)
	for _, p := range e.Params {
		b.WriteString(" " + p.Name + `="` + escapes.Replace(clean(p.Value, 256)) + `"`)
	}
	b.WriteByte(']')
}

// bom announces UTF-8 (RFC 5424, section 6.4).
const bom = "\ufeff"

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > '~' }) < 0
}

// name makes a header field: printable US-ASCII without spaces, "-" where there is nothing.
func name(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), limit)]
}

// frame adds the length in front, for streams (RFC 6587, section 3.4.1; RFC 5425, section 4.3).
func frame(message []byte) []byte {
	return append(append(strconv.AppendInt(nil, int64(len(message)), 10), ' '), message...)
}
