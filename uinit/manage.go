package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
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
			return fmt.Errorf("there is no service %q%s; accepted: %s", name, suggest.DidYouMean(name, graph.Names(w.services)), strings.Join(graph.Names(w.services), ", "))
		}
		if w.Life.Err() != nil {
			return context.Cause(w.Life)
		}
		// Who asked may leave; what was asked for is done all the same.
		var err error
		if verb != "start" {
			err = s.Stop(w.Life)
		}
		if verb != "stop" && err == nil {
			err = s.Again(w.Life)
		}
		state := unit.OK
		if verb == "stop" {
			state = unit.State(s.State())
		}
		return errors.Join(err, send(w.Outcomes.Managed("service:"+name, state, err)))
	}
}
