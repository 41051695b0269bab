package main

import (
	"maps"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/features"
)

// addServices adds the services that a profile asks for by a table of their own.
func (w *worker) addServices() {
	next := *w.Machine.Now()
	next.Service = map[string]spec.Service{}
	maps.Copy(next.Service, w.Machine.Now().Service)
	for _, l := range features.All() {
		if l.Services != nil {
			maps.Copy(next.Service, l.Services(&next))
		}
	}
	w.Machine.Publish(&next)
}
