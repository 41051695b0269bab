// Package featuretest lends a feature what it needs where nothing boots.
package featuretest

import (
	"context"
	"log/slog"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Deps are those of a machine without devices: what is logged and reported goes nowhere, and there is randomness.
func Deps(t *testing.T, m spec.Machine) *feature.Deps {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	board := status.NewBoard(func(report.Event) {})
	return &feature.Deps{
		Machine: feature.NewMachine(&spec.Description{Machine: m}, nil), Life: t.Context(), Log: log, Facts: board,
		Outcomes: &feature.Outcomes{Life: t.Context(), Log: log, Board: board},
		Events:   &dev.Monitor{},
		Disks:    &feature.Disks{Disks: &alone.Disks{Sys: fstest.MapFS{}, Open: alone.Open}}, News: &feature.News{},
		Random:   &feature.Random{Ready: func(context.Context) error { return nil }, Waiting: func() string { return "" }},
		Programs: &feature.Programs{Say: func(string, string) {}},
		Records:  syslog.NewRing(1 << 20),
	}
}

// Fact is what is known under a name; nil: nothing.
func Fact(d *feature.Deps, name string) any {
	for _, f := range d.Facts.Facts() {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}
