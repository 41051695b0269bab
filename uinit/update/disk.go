package update

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// disk is the one that the box was started from: the partitions of its record and its slots.
type disk struct {
	record  string
	slots   map[slot.Name]string
	running slot.Name
}

func (d *disk) other() slot.Name { return d.running.Other() }

// findDisk looks for the disk with these partitions. It is nil where it is not there yet. Two that are alike are an error: which one the
// firmware started nobody knows.
func findDisk(cfg *spec.Slots, running slot.Name) (*disk, error) {
	disks := &alone.Disks{Sys: dev.Sys(), Open: alone.Open}
	find := func(guid string) (string, error) {
		device, _, err := mount.Devices{Sys: disks.Sys, Open: openQuietly, Alone: disks.CheckPath}.Find(mount.ParseSource("PARTUUID=" + guid))
		return device, err
	}
	record, err1 := find(cfg.Record)
	a, err2 := find(cfg.A)
	b, err3 := find(cfg.B)
	if err := errors.Join(err1, err2, err3); err != nil || record == "" || a == "" || b == "" {
		return nil, err
	}
	return &disk{record, map[slot.Name]string{slot.A: a, slot.B: b}, running}, nil
}

// awaitDisk waits for it.
func (u *updater) awaitDisk(ctx context.Context, cfg *spec.Slots, running slot.Name) (found *disk, err error) {
	err = u.AwaitDisk(ctx, func() (bool, error) {
		found, err = findDisk(cfg, running)
		return found != nil, err
	})
	return found, err
}

// openQuietly opens a device for a look, without pulling in an optical drive's tray.
func openQuietly(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

// text reads the manifest of what is in a slot.
func (d *disk) text(n slot.Name) (m *slot.Manifest, text []byte, err error) {
	f, err := direct.Open(d.slots[n], os.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if text, err = slot.ReadHead(sequential(f)); err != nil {
		return nil, nil, fmt.Errorf("slot %s: %w", n, err)
	}
	m, err = slot.ParseManifest(text)
	return m, text, err
}

// head is the manifest with what the record knows it by.
func (d *disk) head(n slot.Name) (m *slot.Manifest, hash string, err error) {
	m, text, err := d.text(n)
	return m, slot.Hash(text), err
}
