package supervise

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := supervised(spec.Service{}, &fake{})
		if err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Again(t.Context()); errorText(err) != "starting a: it is running" {
			t.Errorf("starting what runs: %v", err)
		}
		for range 2 {
			if err := s.Stop(context.Background()); err != nil || s.State() != Stopped {
				t.Errorf("stopping: %v; it is %s", err, s.State())
			}
			if err := s.Again(t.Context()); err != nil || s.State() != Running {
				t.Errorf("starting again: %v; it is %s", err, s.State())
			}
		}
		_ = s.Stop(context.Background())
		down, cause := context.WithCancelCause(context.Background())
		cause(errors.New("going down"))
		if err := s.Again(down); errorText(err) != "going down" || s.State() != Stopped {
			t.Errorf("starting while the machine goes down: %v; it is %s", err, s.State())
		}
	})
}
