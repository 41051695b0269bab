package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// words are what uinitctl says about services.
var words = []feature.Word{
	{Use: "start NAME", Does: "start a service"},
	{Use: "stop NAME", Does: "stop a service"},
	{Use: "restart NAME", Does: "stop a service and start it"},
	{Use: "service NAME", Does: "what a service may do, and how exposed it is"},
	{Use: "security [root]", Does: "all services by exposure; root: what runs as root"},
}

// Answers are the verbs of uinitctl that start and stop services, and that tell what these may do.
func (s *services) Answers() map[string]status.Stream {
	answers := map[string]status.Stream{"service": s.show, "security": s.security}
	for _, verb := range []string{"start", "stop", "restart"} {
		answers[verb] = s.manage(verb)
	}
	return answers
}

// manage answers "start NAME", "stop NAME" and "restart NAME" with what became of the service.
func (s *services) manage(verb string) status.Stream {
	return func(_ context.Context, args []string, send func(report.Event) error) error {
		if len(args) != 1 {
			return feature.Accepted(words, verb)
		}
		name := strings.TrimPrefix(args[0], "service:")
		one := s.all[name]
		if one == nil {
			return fmt.Errorf("there is no service %q%s; accepted: %s", name, suggest.DidYouMean(name, graph.Names(s.all)), strings.Join(graph.Names(s.all), ", "))
		}
		if s.Life.Err() != nil {
			return context.Cause(s.Life)
		}
		// Who asked may leave; what was asked for is done all the same.
		var err error
		if verb != "start" {
			err = one.Stop(s.Life)
		}
		if verb != "stop" && err == nil {
			err = one.Again(s.Life)
		}
		state := unit.OK
		if verb == "stop" {
			state = unit.State(one.State())
		}
		return errors.Join(err, send(s.Outcomes.Managed("service:"+name, state, err)))
	}
}
