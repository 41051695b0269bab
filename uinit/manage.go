package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/service"
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
		state := unit.OK
		if verb == "stop" {
			state = unit.State(s.State())
		}
		return errors.Join(err, send(w.managed("service:"+name, state, err)))
	}
}

// managed notes what became of a unit that somebody manages by hand, and returns it. A request that was
// refused changes nothing.
func (w *worker) managed(name string, state unit.State, err error) report.Event {
	e := report.Event{Kind: report.KindUnit, Name: name, State: string(state)}
	if err != nil {
		e.State, e.Message = string(unit.Failed), err.Error()
	}
	if left := new(service.StateError); !errors.As(err, &left) && w.life.Err() == nil {
		w.board.Unit(e, false)
		w.review(name)
	}
	return e
}
