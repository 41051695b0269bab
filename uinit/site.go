//go:build !nosite

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/strict"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// errNoMedium says that the box did not start from a medium, or that it is gone.
var errNoMedium = errors.New("the medium is not there")

// readSite finds the medium that the box started from and does what site.toml on it says, all of it or,
// after a mistake, nothing. Whatever happens, the boot goes on.
func (w *worker) readSite(ctx context.Context) error {
	type answer struct {
		text []byte
		err  error
	}
	read := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(ctx, w.machine.Site.Wait.Or(siteWait))
	defer cancel()
	go func() { // a broken stick may keep its reader for ever
		text, err := w.siteFile(ctx)
		read <- answer{text, err}
	}()
	var got answer
	select {
	case got = <-read:
	case <-time.After(w.machine.Site.Wait.Or(siteWait) + siteGrace/2):
		got.err = errors.New("the medium does not answer")
	}
	switch {
	case errors.Is(got.err, errNoMedium):
		w.board.Fact("site.state", "no medium")
		return nil
	case errors.Is(got.err, fs.ErrNotExist):
		w.board.Fact("site.state", "no file")
		return nil
	case got.err != nil:
		return w.refuseSite(strict.Problems{{Pos: strict.Pos{File: site.Name}, Msg: got.err.Error()}})
	}
	machine, problems := site.Read(site.Name, got.text, w.machine)
	if machine == nil {
		return w.refuseSite(problems)
	}
	for _, p := range problems {
		w.log.Warn(p.String())
	}
	err := w.use(machine)
	w.board.Fact("site.state", "used")
	return err
}

// siteFile waits for the medium and reads the file.
func (w *worker) siteFile(ctx context.Context) ([]byte, error) {
	device := ""
	err := w.awaitDisk(ctx, func() (bool, error) {
		for _, source := range w.media {
			found, err := mount.Find(mount.ParseSource(source), dev.Sys(), openQuietly)
			if found != "" || err != nil {
				device = found
				return true, err
			}
		}
		return false, nil
	})
	if err != nil && ctx.Err() != nil {
		return nil, errNoMedium
	}
	if err != nil {
		return nil, err
	}
	w.board.Fact("site.device", device)
	_ = w.modules.Load("fs-vfat") // the kernel's answer to the mount is the better error
	return mount.ReadFile(device, "vfat", site.Name, site.MaxSize)
}

// openQuietly opens a disk without pulling in an optical drive's tray.
func openQuietly(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

// refuseSite says what is wrong, to whoever listens: the console, the report, the text above the login.
func (w *worker) refuseSite(problems strict.Problems) error {
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
		w.log.Error(p.String())
	}
	w.board.Fact("site.state", "refused")
	w.board.Fact("site.problems", lines)
	more := ""
	if n := len(lines) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Errorf("%s%s; the image's own configuration is used", strings.TrimSpace(lines[0]), more)
}
