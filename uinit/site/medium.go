package site

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/bounded"
	sitetoml "github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/site/plan"
)

// kept is what the first look at the medium brought: a worker that follows one that crashed does what that did, also
// where the stick has been pulled, or is mounted by now. It is empty where there was no file.
const kept = "/run/uinit-site.toml"

// errNoMedium says that the box did not start from a medium, or that it is gone.
var errNoMedium = errors.New("the medium is not there")

// found is what is on a medium: the file's text, and the name of another one that was meant to be it.
type found struct {
	device string
	text   []byte
	near   string
}

// readMedium waits for one of the media and reads its file. wait calls ready whenever a disk comes up. Once read, it stays
// what it is for this run of the machine.
func readMedium(ctx context.Context, cfg *spec.Site, media []string, wait func(context.Context, func() (bool, error)) error, load func(module string) error) (got found, err error) {
	if text, err := bounded.Read(kept, sitetoml.MaxSize); err == nil {
		if len(text) == 0 {
			err = fs.ErrNotExist
		}
		return found{text: text}, err
	}
	defer func() {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			_ = bounded.Write(kept, got.text, 0o600) // without it the medium is asked again
		}
	}()
	type answer struct {
		found
		err error
	}
	read := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(cfg.Wait))
	defer cancel()
	go func() { // a broken stick may keep its reader for ever
		find := func() (string, error) { return findMedium(ctx, media, wait) }
		_ = load("fs-vfat") // the kernel's answer to the mount is the better error
		var got answer
		got.found, got.err = readFirst(ctx, find, look, func(device string) string { return alone.Which(dev.Sys(), device) })
		read <- got
	}()
	select {
	case got := <-read:
		return got.found, got.err
	case <-time.After(time.Duration(cfg.Wait) + plan.Grace/2):
		return found{}, errors.New("the medium does not answer")
	}
}

// readFirst finds a medium and reads it. One that was pulled meanwhile says nothing of itself, not even that it has no such file: it
// is waited for again, for it may be put back. which tells it from what comes by its name.
func readFirst(ctx context.Context, find func() (string, error), look func(device string) ([]byte, string, error), which func(device string) string) (found, error) {
	for {
		device, err := find()
		if err != nil {
			return found{device: device}, err
		}
		was := which(device)
		text, near, err := look(device)
		if err == nil || ctx.Err() != nil || was != "" && which(device) == was {
			return found{device, text, near}, err
		}
	}
}

// findMedium waits for one of the media and returns its device.
func findMedium(ctx context.Context, media []string, wait func(context.Context, func() (bool, error)) error) (device string, err error) {
	disks := &alone.Disks{Sys: dev.Sys(), Open: alone.Open}
	err = wait(ctx, func() (bool, error) {
		for _, source := range media {
			found, _, err := mount.Devices{Sys: disks.Sys, Open: openQuietly, Alone: disks.CheckPath}.Find(mount.ParseSource(source))
			if found != "" && alone.Which(disks.Sys, found) != "" || err != nil {
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
