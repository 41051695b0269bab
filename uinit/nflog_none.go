//go:build nonflog

package main

import (
	"context"
	"errors"
)

func (w *worker) logPackets(context.Context) error {
	return errors.New("this uinit was built without packet logs (nonflog)")
}
