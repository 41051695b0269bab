package main

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/features"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// addServices adds the services that a profile asks for by a table of their own.
func (w *worker) addServices() {
	next := *w.Machine.Now()
	var parts []func(*spec.Machine) map[string]spec.Service
	for _, l := range features.All() {
		parts = append(parts, l.Services)
	}
	next.Service = graph.Services(&next, parts...)
	w.Machine.Publish(&next)
}
