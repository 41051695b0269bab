package log

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
)

func TestAnswerLog(t *testing.T) {
	d := featuretest.Deps(t, spec.Machine{})
	s := records{d}
	d.Records.Add(syslog.Record{At: 1500 * time.Millisecond, Program: "kernel", Message: "random: crng init done"})
	d.Records.Say("probe", "ready")
	d.Records.Add(syslog.Record{Program: "uinit", Message: "service:probe ok 1s"})
	d.Records.Add(syslog.Record{Program: "uinit", Message: "service:probe2 ok 1s"})
	d.Records.Add(syslog.Record{Program: "uinit", Message: "update: 2026.49 is good"})
	ask := func(ctx context.Context, args ...string) (texts []string, err error) {
		err = s.answer(ctx, args, func(e report.Event) error {
			texts = append(texts, e.Name+": "+e.Message)
			return nil
		})
		return texts, err
	}
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"kernel: random: crng init done", "probe: ready", "uinit: service:probe ok 1s", "uinit: service:probe2 ok 1s", "uinit: update: 2026.49 is good"}},
		{[]string{"kernel"}, []string{"kernel: random: crng init done"}},
		{[]string{"service:probe"}, []string{"probe: ready", "uinit: service:probe ok 1s"}},
		{[]string{"update"}, []string{"uinit: update: 2026.49 is good"}},
		{[]string{"nobody"}, nil},
	} {
		if got, err := ask(t.Context(), tt.args...); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("log %q: %q, %v", tt.args, got, err)
		}
	}
	if _, err := ask(t.Context(), "-n"); err == nil {
		t.Error("log -n is taken")
	}
	// With -f it goes on until the asker leaves.
	ctx, leave := context.WithCancel(t.Context())
	left := errors.New("left")
	err := s.answer(ctx, []string{"-f", "probe"}, func(e report.Event) error {
		if e.Message == "ready" {
			d.Records.Say("probe", "busy")
			return nil
		}
		leave()
		return left
	})
	if !errors.Is(err, left) {
		t.Errorf("following ended with %v", err)
	}
}

// A record is a line that does nothing to a terminal.
func TestWriteRecord(t *testing.T) {
	var b strings.Builder
	writeRecord(&b, report.Event{Name: "probe", Seconds: 12.345678, Message: "\x1b]0;mine\a\nnext\tone"})
	if got, want := b.String(), "[   12.345678] probe: "+`\x1b]0;mine\a\nnext`+"\tone\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
