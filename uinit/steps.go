package main

import (
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// Step is the work behind the root's own units.
func (w *worker) Step(name string) feature.Step {
	switch name {
	case "report":
		return feature.Step{Run: w.host.Open}
	case "status":
		return feature.Step{Run: w.serveStatus}
	}
	panic("BUG: no step for unit " + name)
}
