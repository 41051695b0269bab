//go:build nosite

package main

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

var errNoSite = errors.New("this uinit was built without site.toml (build tag nosite)")

func (w *worker) readSite(context.Context) error { return errNoSite }

func sitePassword(context.Context, *spec.Description, *dev.Monitor, func(string) error) error {
	return nil
}
