// Package link brings up the network interfaces of a profile: it finds each by what it is, gives it the row's
// name, its addresses and routes, and keeps its DHCP lease.
package link

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Manager looks after all interfaces of a machine for as long as the process lives.
type Manager struct {
	rows map[string]spec.Ethernet
	fact func(name string, value any)
}

// New prepares the rows; nothing happens before Configure. What Configure
// begins goes on until ctx ends. fact is told of link.NAME.mac, .driver, .carrier, .addresses,
// .gateway, .dhcp4.server and .dhcp4.lease_seconds whenever they change, and must not block.
func New(ctx context.Context, all map[string]spec.Ethernet, fact func(name string, value any)) *Manager {
	return &Manager{rows: all, fact: fact}
}

// Configure waits for the row's interface, renames and configures it, and returns when
// that is done and, with dhcp4, the first lease is bound. The lease is kept afterwards.
func (m *Manager) Configure(ctx context.Context, name string) error { return errors.ErrUnsupported }

// Online waits until the link has carrier, its addresses are usable, and a default route
// is there if one is to be expected.
func (m *Manager) Online(ctx context.Context, name string) error { return errors.ErrUnsupported }

// Waiting says what Configure or Online waits for right now: "no carrier on lan".
func (m *Manager) Waiting(name string) string { return "" }

// Loopback brings up lo. It must run before any use of package net, which otherwise believes for ever that
// there is no IPv6.
func Loopback() error { return errors.ErrUnsupported }
