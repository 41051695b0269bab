//go:build !nosite

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/site"
)

// errNoMedium says that the box did not start from a medium, or that it is gone.
var errNoMedium = errors.New("the medium is not there")

// readSite finds the medium that the box started from and does what site.toml on it says, all of it or,
// after a mistake, nothing. Whatever happens, the boot goes on.
func (w *worker) readSite(ctx context.Context) error {
	text, err := w.siteText(ctx)
	switch {
	case errors.Is(err, errNoMedium):
		w.Facts.Fact("site.state", "no medium")
		return nil
	case errors.Is(err, fs.ErrNotExist):
		w.Facts.Fact("site.state", "no file")
		return nil
	case err != nil:
		return w.refuseSite(problem.Problems{{Pos: problem.Pos{File: site.Name}, Msg: err.Error()}})
	}
	machine, problems := site.Read(site.Name, text, w.Machine.Now())
	if machine == nil {
		return w.refuseSite(problems)
	}
	for _, p := range problems {
		w.Log.Warn(p.String())
	}
	err = w.use(machine)
	w.Facts.Fact("site.state", "used")
	return err
}

// siteText is the file's content; it is waited for no longer than the profile says.
func (w *worker) siteText(ctx context.Context) ([]byte, error) {
	device, text, err := siteFile(ctx, w.Machine.Now().Site, w.Machine.Image.Media, w.AwaitDisk, w.Kmod.Load)
	if device != "" {
		w.Facts.Fact("site.device", device)
	}
	return text, err
}

// refuseSite says what is wrong, to whoever listens: the console, the report, the text above the login.
func (w *worker) refuseSite(problems problem.Problems) error {
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
		w.Log.Error(p.String())
	}
	w.Facts.Fact("site.state", "refused")
	w.Facts.Fact("site.problems", lines)
	more := ""
	if n := len(lines) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Errorf("%s%s; the image's own configuration is used", strings.TrimSpace(lines[0]), more)
}
