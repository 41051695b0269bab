package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/base/plan"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/features"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// running is a feature in this boot.
type running struct {
	feature.Linked
	feature.Feature
}

// link makes the features, and joins them with those whom they have to do with.
func (w *worker) link() {
	w.features = []running{{feature.Linked{Name: "base"}, w}}
	for _, l := range features.All() {
		if l.New != nil {
			w.features = append(w.features, running{l, l.New(w.Deps)})
		}
	}
	w.Outcomes.Supervisors, w.Outcomes.Revisers = those[feature.Supervisor](w), those[feature.Reviser](w)
}

// those are the features that can do more than the work of their units.
func those[T any](w *worker) (all []T) {
	for _, f := range w.features {
		if able, ok := f.Feature.(T); ok {
			all = append(all, able)
		}
	}
	return all
}

// units are the boot's, each with its work.
func (w *worker) units() []unit.Unit {
	image := *w.Machine.Image
	image.Machine = *w.Machine.Now()
	steps := map[string]feature.Step{}
	var parts []graph.Part
	for _, f := range w.features {
		part := f.Units
		if f.Name == "base" {
			part = plan.Units
		}
		if part == nil {
			continue
		}
		parts = append(parts, func(d *spec.Description) []graph.Unit {
			units := part(d)
			for _, u := range units {
				steps[u.Name] = f.Step(u.Name)
			}
			return units
		})
	}
	units := graph.Plain(graph.Of(&image, parts...))
	for i := range units {
		u := &units[i]
		u.Run, u.Waiting = steps[u.Name].Run, steps[u.Name].Waiting
		if victim, _ := w.Machine.Line.Get(cmdline.TestPanic); victim == u.Name {
			u.Run = func(context.Context) error { panic("the kernel line asks for it") }
		}
	}
	return append(units, missing(image.Features, features.All())...)
}

// missing are units that fail in the place of features that the image's own init would have: this one was built for
// another machine.
func missing(used []string, linked []feature.Linked) []unit.Unit {
	var units []unit.Unit
	for _, name := range used {
		if !slices.ContainsFunc(linked, func(l feature.Linked) bool { return l.Name == name }) {
			units = append(units, unit.Unit{Name: name, Run: func(context.Context) error {
				return fmt.Errorf("this uinit was built without %s (build tag no%s)", name, name)
			}})
		}
	}
	return units
}

// boot runs the units; those that are late go on in the background.
func (w *worker) boot() {
	starting, started := context.WithCancel(w.Life)
	units := w.units()
	for _, u := range units {
		w.Facts.Waits(u.Name, u.Waiting)
	}
	var hold <-chan func(string) bool
	for _, f := range w.features {
		if h, ok := f.Feature.(feature.Holder); ok {
			hold = h.Hold(starting, units)
		}
		if s, ok := f.Feature.(feature.Starter); ok {
			s.Start()
		}
	}
	_ = unit.Run(w.Life, units, unit.Options{
		DefaultTimeout: time.Duration(w.Machine.Now().Boot.UnitTimeout), Report: w.Outcomes.Note, Hold: hold,
		Settled: func(bool) {
			started()
			for _, s := range those[feature.Settler](w) {
				s.Settled()
			}
			w.settled()
		},
	})
}
