//go:build !nosite

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/account"
	"github.com/imgbuild/imgbuild/uinit/base/plan"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// siteKept is what the first look at the medium brought: a worker that follows one that crashed does what that did, also
// where the stick has been pulled, or is mounted by now. It is empty where there was no file.
const siteKept = "/run/uinit-site.toml"

// siteFile waits for one of the media and reads its file. wait calls ready whenever a disk comes up. Once read, it stays
// what it is for this run of the machine.
func siteFile(ctx context.Context, row *spec.Site, media []string, wait func(context.Context, func() (bool, error)) error, load func(module string) error) (device string, text []byte, err error) {
	if text, err := bounded.Read(siteKept, site.MaxSize); err == nil {
		if len(text) == 0 {
			err = fs.ErrNotExist
		}
		return "", text, err
	}
	defer func() {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			_ = bounded.Write(siteKept, text, 0o600) // without it the medium is asked again
		}
	}()
	type answer struct {
		device string
		text   []byte
		err    error
	}
	read := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(ctx, row.Wait.Or(plan.SiteWait))
	defer cancel()
	go func() { // a broken stick may keep its reader for ever
		var got answer
		got.device, got.err = siteMedium(ctx, media, wait)
		if got.err == nil {
			_ = load("fs-vfat") // the kernel's answer to the mount is the better error
			got.text, got.err = mount.ReadFile(got.device, "vfat", site.Name, site.MaxSize)
		}
		read <- got
	}()
	select {
	case got := <-read:
		return got.device, got.text, got.err
	case <-time.After(row.Wait.Or(plan.SiteWait) + plan.SiteGrace/2):
		return "", nil, errors.New("the medium does not answer")
	}
}

// siteMedium waits for one of the media and returns its device.
func siteMedium(ctx context.Context, media []string, wait func(context.Context, func() (bool, error)) error) (device string, err error) {
	disks := &alone.Disks{Sys: dev.Sys(), Open: alone.Open}
	err = wait(ctx, func() (bool, error) {
		for _, source := range media {
			found, _, err := mount.Devices{Sys: disks.Sys, Open: openQuietly, Alone: disks.CheckPath}.Find(mount.ParseSource(source))
			if found != "" || err != nil {
				device = found
				return true, err
			}
		}
		return false, nil
	})
	if err != nil && ctx.Err() != nil {
		return "", errNoMedium
	}
	return device, err
}

// openQuietly opens a disk without pulling in an optical drive's tray.
func openQuietly(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

// sitePassword gives root the password that site.toml has for it, where the image allows one, for a shell that comes
// before the unit "site". A medium that is not there and a file with mistakes change nothing.
func sitePassword(ctx context.Context, m *spec.Description, events *dev.Monitor, load func(module string) error) error {
	if !m.Allows(spec.SitePasswordHash) {
		return nil
	}
	wait := func(ctx context.Context, ready func() (bool, error)) error { return events.Wait(ctx, "block", ready) }
	_, text, err := siteFile(ctx, m.Site, m.Media, wait, load)
	if errors.Is(err, errNoMedium) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	wanted, problems := site.Read(site.Name, text, &m.Machine)
	if wanted == nil {
		return problems.Err()
	}
	if now := wanted.User["root"].PasswordHash; now != m.User["root"].PasswordHash {
		return account.Apply("/etc/shadow", "root", now)
	}
	return nil
}
