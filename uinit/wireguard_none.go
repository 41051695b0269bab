//go:build nowireguard

package main

import (
	"context"
	"errors"
)

func (w *worker) startTunnel(context.Context, string) error {
	return errors.New("this uinit was built without WireGuard (nowireguard)")
}
