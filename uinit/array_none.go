//go:build noarray

package main

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// arrays stands for what a machine without [array.*] does without.
type arrays struct{}

func newArrays(*worker) *arrays { return nil }

func (*arrays) step(string) feature.Step {
	return feature.Step{Run: func(context.Context) error { return errors.New("this uinit was built without arrays") }}
}

func (*arrays) event(e report.Event) report.Event { return e }
func (*arrays) stop(context.Context) error        { return nil }
func (*arrays) answers()                          {}
