// Package sysctl makes the kernel's settings, and makes them again where somebody changes them.
package sysctl

import (
	"context"
	"maps"
	"time"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/sysctl/plan"
)

// Linked is the feature [sysctl].
var Linked = feature.Linked{Name: "sysctl", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return keeper{d} }}

// pace is how often the kernel's settings are looked at: it tells nobody of changes.
const pace = time.Minute

type keeper struct{ *feature.Deps }

// Step is the work behind "sysctl".
func (k keeper) Step(string) feature.Step { return feature.Step{Run: k.set} }

func (k keeper) set(context.Context) error {
	m := k.Machine.Now()
	s := &settings{root: "/proc/sys", want: maps.Clone(m.Sysctl), read: map[string]string{}}
	s.add(plan.Usuals(m))
	err := s.set()
	if len(s.read) > 0 {
		go k.keep(s)
	}
	return err
}

// keep makes settings again that somebody has changed: a profile's word holds for as long as the machine runs.
func (k keeper) keep(s *settings) {
	look := time.NewTicker(pace)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			for _, said := range s.mend(k.News.IsByHand("")) {
				k.Log.Warn(said)
			}
		case <-k.Life.Done():
			return
		}
	}
}
