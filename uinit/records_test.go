package main

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/log/journal"
)

func TestAnswerLog(t *testing.T) {
	r := newRecords(featuretest.Deps(t, spec.Machine{}))
	r.ring.Add(journal.Record{At: 1500 * time.Millisecond, Program: "kernel", Message: "random: crng init done"})
	r.line("probe", "ready")
	r.ring.Add(journal.Record{Program: "uinit", Message: "service:probe ok 1s"})
	r.ring.Add(journal.Record{Program: "uinit", Message: "service:probe2 ok 1s"})
	ask := func(ctx context.Context, args ...string) (texts []string, err error) {
		err = r.answer(ctx, args, func(e report.Event) error {
			texts = append(texts, e.Name+": "+e.Message)
			return nil
		})
		return texts, err
	}
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"kernel: random: crng init done", "probe: ready", "uinit: service:probe ok 1s", "uinit: service:probe2 ok 1s"}},
		{[]string{"kernel"}, []string{"kernel: random: crng init done"}},
		{[]string{"service:probe"}, []string{"probe: ready", "uinit: service:probe ok 1s"}},
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
	err := r.answer(ctx, []string{"-f", "probe"}, func(e report.Event) error {
		if e.Message == "ready" {
			r.line("probe", "busy")
			return nil
		}
		leave()
		return left
	})
	if !errors.Is(err, left) {
		t.Errorf("following ended with %v", err)
	}
}
