// Package klog writes structured log records to the kernel's log, one line each, so that
// uinit's words stand among the kernel's in their order (Documentation/ABI/testing/dev-kmsg).
package klog

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// Path is the device that takes a record with each write.
const Path = "/dev/kmsg"

// maxRecord is what the kernel takes in one write (LOG_LINE_MAX, kernel/printk), less room for the prefix.
const maxRecord = 900

// facility daemon of syslog(3), shifted as RFC 3164 section 4.1.1 has it: the kernel
// keeps facility 0 for itself.
const facility = 3 << 3

// Handler is a slog.Handler.
type Handler struct {
	w      io.Writer
	level  slog.Leveler
	prefix string
	attrs  string
}

// New logs records of at least the level to w under the name of a program.
func New(w io.Writer, program string, level slog.Leveler) *Handler {
	return &Handler{w: w, level: level, prefix: program + ": "}
}

// Open opens the kernel's log, or standard error where there is none. It lifts the kernel's
// limit on how much user space may write, which would drop most of a boot.
func Open() io.Writer {
	_ = os.WriteFile("/proc/sys/kernel/printk_devkmsg", []byte("on\n"), 0)
	f, err := os.OpenFile(Path, os.O_WRONLY, 0)
	if err != nil {
		return os.Stderr
	}
	return f
}

// Enabled is part of slog.Handler.
func (h *Handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle writes "<priority>program: message key=value …".
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString("<" + strconv.Itoa(facility|Priority(r.Level)) + ">" + h.prefix + r.Message + h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(attr(a))
		return true
	})
	_, err := io.WriteString(h.w, Record(b.String()))
	return err
}

// WithAttrs is part of slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	for _, a := range attrs {
		next.attrs += attr(a)
	}
	return &next
}

// WithGroup is part of slog.Handler; a line has no room for groups.
func (h *Handler) WithGroup(string) slog.Handler { return h }

func attr(a slog.Attr) string {
	value := a.Value.String()
	if strings.ContainsAny(value, " \n\"") {
		value = strconv.Quote(value)
	}
	return " " + a.Key + "=" + value
}

// Priority is a level's number in syslog(3): error 3, warning 4, info 6, debug 7.
func Priority(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return 3
	case l >= slog.LevelWarn:
		return 4
	case l >= slog.LevelInfo:
		return 6
	}
	return 7
}

// Record makes text fit for one record: one line, no control characters, bounded.
func Record(text string) string {
	text = strings.TrimRight(text, "\n")
	if len(text) > maxRecord {
		text = strings.ToValidUTF8(text[:maxRecord], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u00b5': // of a time.Duration, the one sign beyond ASCII that is ours
			return 'u'
		case r != '\t' && !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, text) + "\n"
}
