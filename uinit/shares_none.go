//go:build noshare

package main

import (
	"context"
	"errors"
)

func (w *worker) shareStep(context.Context, string) error {
	return errors.New("this uinit was built without shares")
}

func (w *worker) stopShares(context.Context) error { return nil }
