package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// manage answers "start NAME", "stop NAME" and "restart NAME" with what became of the service.
func (w *worker) manage(verb string) status.Stream {
	return func(_ context.Context, args []string, send func(report.Event) error) error {
		if len(args) != 1 {
			return fmt.Errorf("accepted: %s NAME, with the name of a service", verb)
		}
		name := strings.TrimPrefix(args[0], "service:")
		s := w.services[name]
		if s == nil {
			return fmt.Errorf("there is no service %q%s; accepted: %s", name, suggest.DidYouMean(name, sorted(w.services)), strings.Join(sorted(w.services), ", "))
		}
		if w.life.Err() != nil {
			return context.Cause(w.life)
		}
		// Who asked may leave; what was asked for is done all the same.
		var err error
		if verb != "start" {
			err = s.Stop(w.life)
		}
		if verb != "stop" && err == nil {
			err = s.Again(w.life)
		}
		e := report.Event{Kind: report.KindUnit, Name: "service:" + name, State: string(s.State())}
		if verb != "stop" {
			e.State = string(unit.OK)
		}
		if err != nil {
			e.State, e.Message = string(unit.Failed), err.Error()
		}
		w.board.Unit(e, false)
		return errors.Join(err, send(e))
	}
}
