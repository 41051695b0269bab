// Package firmware tells of disks that a board's or a controller's firmware made an array of. Nobody here runs such, and an owner
// who believes that it runs has to hear of it: half of a mirror looks like a disk.
package firmware

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/firmware/plan"
)

// Linked is what every machine has that may have disks.
var Linked = feature.Linked{Name: "firmware", New: func(d *feature.Deps) feature.Feature { return watcher{d} }}

type watcher struct{ *feature.Deps }

// Step has nothing to do: there are no units.
func (watcher) Step(unit string) feature.Step { panic("BUG: no step for unit " + unit) }

// Start looks at the disks that are there, and at those that come.
func (w watcher) Start() { go w.watch() }

func (w watcher) watch() {
	events, stop := w.Events.Watch(dev.Of("block"))
	defer stop()
	known := map[string]string{} // the mark by disk
	all := func() {
		entries, _ := fs.ReadDir(w.Disks.Sys, "class/block") // there is none before the first device
		for _, e := range entries {
			w.look(e.Name(), known)
		}
	}
	all()
	for {
		select {
		case <-w.Life.Done():
			return
		case e := <-events:
			switch {
			case e.Action == dev.Overflow:
				all()
			case e.Subsystem() == "block" && e.Env["DEVTYPE"] == "disk":
				w.look(path.Base(e.Path), known)
			}
		}
	}
}

// look notes a disk that has a firmware's mark, or has none any more.
func (w watcher) look(name string, known map[string]string) {
	sys := w.Disks.Sys
	if len(alone.MadeOf(sys, name)) > 0 { // a partition, or what is made of a disk that has its own line
		return
	}
	var e *alone.MemberError
	if alone.Ready(sys, name) {
		e = w.Disks.Firmware(name)
	}
	text, line := "", ""
	if e != nil {
		text = fmt.Sprintf("%s (%s): %s", e.Found.Name, e.Found.Type, e.Who())
		line = "half of a " + e.Found.Name + ": " + e.Who() + "; it is not used by itself"
	}
	if known[name] == text {
		return
	}
	if known[name] = text; e != nil {
		w.Log.Warn(e.Error())
	} else {
		delete(known, name)
	}
	w.Facts.Note("disk:"+name, line)
	w.Facts.Fact(plan.Arrays.Is(slices.Sorted(maps.Values(known))))
}
