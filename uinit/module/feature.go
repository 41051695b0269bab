// Package module loads kernel modules: those that the profile names, and drivers for the devices there are.
package module

import (
	"context"
	"errors"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/kmod"
	"github.com/imgbuild/imgbuild/uinit/module/plan"
)

// Linked is the feature [module.*].
var Linked = feature.Linked{
	Name: "module", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return modules{d} },
	Programs: map[string]func([]string) int{"modprobe": modprobe},
}

type modules struct{ *feature.Deps }

// Step is the work behind "modules" and "coldplug".
func (m modules) Step(unit string) feature.Step {
	if unit == "modules" {
		return feature.Step{Run: m.load}
	}
	return feature.Step{Run: m.coldplug}
}

// load loads what the profile names.
func (m modules) load(context.Context) error {
	var failed []error
	for _, name := range graph.Names(m.Machine.Now().Module) {
		if m.Machine.Now().Module[name].Load {
			failed = append(failed, m.Kmod.Load(name))
		}
	}
	return errors.Join(failed...)
}

// coldplug loads drivers for the devices there are, and from then on for those that come.
func (m modules) coldplug(ctx context.Context) error {
	// Watched from before the walk, so that nothing falls between the two.
	events, stop := m.Events.Watch(dev.Wants)
	p := NewPlug(m.Kmod, func(alias string, err error) { m.Log.Debug("driver for " + alias + ": " + err.Error()) })
	p.Cold(ctx)
	go func() {
		defer stop()
		p.Hot(m.Life, events)
	}()
	return ctx.Err()
}

// NewPlug loads through l. Most devices have no driver in the image, and want none.
func NewPlug(l *kmod.Loader, failed func(alias string, err error)) *dev.Plug {
	return &dev.Plug{
		Sys: dev.Sys(),
		Load: func(alias string) {
			if _, err := l.LoadFor(alias); err != nil && !errors.Is(err, kmod.ErrNotFound) {
				failed(alias, err)
			}
		},
		First: func(alias string) bool { return strings.HasPrefix(alias, entropyAlias) },
	}
}

// entropyAlias is a virtio random number generator (include/uapi/linux/virtio_ids.h): what
// blocks in getrandom(2) goes on as soon as it is there.
const entropyAlias = "virtio:d00000004"
