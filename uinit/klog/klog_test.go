package klog

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestHandler(t *testing.T) {
	for _, tt := range []struct {
		log  func(*slog.Logger)
		want string
	}{
		{func(l *slog.Logger) { l.Info("link:lan ok 1.2s") }, "<30>uinit: link:lan ok 1.2s\n"},
		{func(l *slog.Logger) { l.Error("x", "err", errors.New("no such\nfile"), "n", 3) }, "<27>uinit: x err=\"no such\\nfile\" n=3\n"},
		{func(l *slog.Logger) { l.With("a", "b c").Warn("two\nlines\x1b[2J") }, "<28>uinit: two lines [2J a=\"b c\"\n"},
		{func(l *slog.Logger) { l.Info("c1 \u009b2J, \u202e") }, "<30>uinit: c1  2J,  \n"},
		{func(l *slog.Logger) { l.Debug("not asked for") }, ""},
	} {
		var b bytes.Buffer
		tt.log(slog.New(New(&b, "uinit", slog.LevelInfo)))
		if b.String() != tt.want {
			t.Errorf("got %q, want %q", &b, tt.want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add("a\nb")
	f.Add(strings.Repeat("é", 1000))
	f.Fuzz(func(t *testing.T, text string) {
		got := Record(text)
		if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") || len(got) > 976 && len(text) < 300 {
			t.Errorf("Record(%q) = %q", text, got)
		}
	})
}

// A duration as Go writes it, in an error's text, goes to consoles that may know no sign beyond ASCII.
func TestRecordOfADuration(t *testing.T) {
	if got := Record((1500 * time.Nanosecond).String()); got != "1.5us\n" {
		t.Errorf("%q", got)
	}
}
