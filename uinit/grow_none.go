//go:build nogrow

package main

import (
	"context"
	"errors"
)

func (w *worker) growState(context.Context) error {
	return errors.New("this uinit was built without growing partitions (build tag nogrow)")
}
