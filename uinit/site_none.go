//go:build nosite

package main

import (
	"context"
	"errors"
)

var errNoSite = errors.New("this uinit was built without site.toml (build tag nosite)")

func (w *worker) readSite(context.Context) error { return errNoSite }
func (w *worker) addVLANs(context.Context) error { return errNoSite }
func (w *worker) vlansWaiting() string           { return "" }
