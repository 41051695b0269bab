// Package plan says which machines make something of blank disks. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "disk", Tag: "nodisk", Used: used}

// used says whether an array or a file system may be made, or a disk take another one's place.
func used(d *spec.Description) bool {
	for _, cfg := range d.Mount {
		if cfg.Create {
			return true
		}
	}
	return len(d.Array) > 0
}
