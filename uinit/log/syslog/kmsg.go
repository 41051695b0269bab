package syslog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// kernelRecord is a record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg).
type kernelRecord struct {
	seq uint64
	Record
}

var errKmsg = errors.New("not a record of /dev/kmsg")

// parseKmsg reads "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,…];TEXT\n" and passes over the
// lines " KEY=VALUE" that follow. A record that a program wrote begins with its name.
func parseKmsg(b []byte) (kernelRecord, error) {
	prefix, text, ok := strings.Cut(string(b), ";")
	fields := strings.Split(prefix, ",")
	if !ok || len(fields) < 4 {
		return kernelRecord{}, errKmsg
	}
	priority, err1 := strconv.ParseUint(fields[0], 10, 16)
	seq, err2 := strconv.ParseUint(fields[1], 10, 64)
	micros, err3 := strconv.ParseUint(fields[2], 10, 53)
	if err := errors.Join(err1, err2, err3); err != nil {
		return kernelRecord{}, fmt.Errorf("%w: %.80q", errKmsg, prefix)
	}
	text, _, _ = strings.Cut(text, "\n")
	k := kernelRecord{seq: seq, Record: Record{
		At: time.Duration(micros) * time.Microsecond, Facility: int(priority >> 3), Severity: int(priority & 7),
		Program: "kernel", Message: clean(unescape(text), maxMessage),
	}}
	if k.Facility > 23 {
		k.Facility = Daemon
	}
	if k.Facility != Kernel {
		k.Program, k.PID, k.Message = splitTag(k.Message)
	}
	return k, nil
}

// unescape undoes the kernel's \xNN.
func unescape(text string) string {
	if !strings.Contains(text, `\x`) {
		return text
	}
	var out bytes.Buffer
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) && text[i+1] == 'x' {
			if c, err := strconv.ParseUint(text[i+2:i+4], 16, 8); err == nil {
				out.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// splitTag takes "name: text" and "name[pid]: text" apart, as programs have written to
// syslog since RFC 3164 (section 4.1.3).
func splitTag(message string) (program string, pid int, text string) {
	tag, text, ok := strings.Cut(message, ": ")
	name, number, bracket := strings.Cut(tag, "[")
	if bracket {
		n, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 31)
		if err != nil || !strings.HasSuffix(number, "]") {
			ok = false
		}
		pid = int(n)
	}
	if !ok || name == "" || len(name) > 48 || strings.ContainsAny(name, " \t\"=") {
		return "user", 0, message
	}
	return name, pid, text
}
