// Package site does what the owner of a box says in site.toml, on the medium that the box starts from.
package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/shown"
	sitetoml "github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/netcmdline/publish"
	"github.com/imgbuild/imgbuild/uinit/site/plan"
)

// Linked is the feature [site].
var Linked = feature.Linked{
	Name: "site", Units: plan.Units, Rescue: rescue,
	New: func(d *feature.Deps) feature.Feature { return owner{d} },
}

// owner lets the box's owner have the machine as it is to be.
type owner struct{ *feature.Deps }

// Step is the work behind "site".
func (o owner) Step(string) feature.Step {
	return feature.Step{Run: o.read, Waiting: func() string { return "the medium with site.toml" }}
}

// read finds the medium that the box started from and does what site.toml on it says, all of it or,
// after a mistake, nothing. Whatever happens, the boot goes on.
func (o owner) read(ctx context.Context) error {
	m := o.Machine.Now()
	got, err := readMedium(ctx, m.Site, o.Machine.Image.Media, o.AwaitDisk, o.Kmod.Load)
	if got.device != "" {
		o.Facts.Fact(plan.Device.Is(got.device))
	}
	switch {
	case errors.Is(err, errNoMedium):
		o.Facts.Fact(plan.State.Is("no medium"))
		return nil
	case errors.Is(err, fs.ErrNotExist):
		o.Facts.Fact(plan.State.Is("no file"))
		return o.misnamed(got.near)
	case err != nil:
		return o.refuse(problem.Problems{{Pos: problem.Pos{File: sitetoml.Name}, Msg: err.Error()}})
	}
	wanted, problems := sitetoml.Read(sitetoml.Name, got.text, m)
	if wanted == nil {
		return o.refuse(problems)
	}
	for _, p := range problems {
		o.Log.Warn(p.String())
	}
	// Units that do what can be changed come after this one (graph.Unit.Reads), and so see the machine as it is then.
	publish.Machine(o.Deps, *wanted)
	o.Facts.Fact(plan.State.Is("used"))
	if blank(got.text) { // the example that the medium came with
		return o.misnamed(got.near)
	}
	return nil
}

// misnamed says that the owner's file has another name than it was given: Windows does not show how names end.
func (o owner) misnamed(name string) error {
	if name == "" {
		return nil
	}
	p := problem.Problem{Pos: problem.Pos{File: shown.Line(name)}, Msg: "is not read; rename it to site.toml (Windows hides how names end: Explorer, View, Show, File name extensions)"}
	o.Facts.Fact(plan.Problems.Is([]string{p.String()}))
	return problem.Problems{p}.Err()
}

// refuse says what is wrong, to whoever listens: the console, the report, the text above the login.
func (o owner) refuse(problems problem.Problems) error {
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
		o.Log.Error(p.String())
	}
	o.Facts.Fact(plan.State.Is("refused"))
	o.Facts.Fact(plan.Problems.Is(lines))
	more := ""
	if n := len(lines) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Errorf("%s%s; the image's own configuration is used", strings.TrimSpace(lines[0]), more)
}
