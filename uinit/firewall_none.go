//go:build nofirewall

package main

import (
	"context"
	"errors"
)

var errNoFirewall = errors.New("this uinit was built without packet filters (nofirewall)")

func (w *worker) filterPackets(context.Context) error { return errNoFirewall }

func (w *worker) ownRules(context.Context) error { return errNoFirewall }

func (w *worker) joinFlows(context.Context, string) error { return errNoFirewall }

func (w *worker) harden() error {
	if w.Machine.Now().Firewall != nil {
		return errNoFirewall
	}
	return nil
}
