// Package disk lists disks and makes something of blank ones: it makes them blank, where a person asks for it, and makes file systems.
package disk

import (
	"context"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Linked is what machines have that make something of blank disks.
var Linked = feature.Linked{
	Name: "disk", New: newAnswers,
	Words: words,
	Verbs: map[string]func(args []string) int{"disk": func(args []string) int { return ctl.Follow(append([]string{"disk"}, args...)) }},
}

// words are what uinitctl says about disks.
var words = []feature.Word{
	{Use: "disk [list]", Does: "disks, what lies on each, and who uses it"},
	{Use: "disk erase DEVICE SERIAL", Does: "make a disk blank; what was on it is gone"},
}

// answers are those to questions about disks.
type answers struct{ *feature.Deps }

func newAnswers(d *feature.Deps) feature.Feature {
	d.Disks.Format = func(ctx context.Context, who, device string) error {
		return Format(ctx, dev.Sys(), device, func(disk string) { d.Log.Info(who + ": making an ext4 file system on " + disk) })
	}
	return &answers{d}
}

// Step has nothing to do: there are no units.
func (*answers) Step(unit string) feature.Step { panic("BUG: no step for unit " + unit) }

// Answers let uinitctl list disks, and make one blank.
func (a *answers) Answers() map[string]status.Stream {
	return map[string]status.Stream{"disk": a.answer}
}

func (a *answers) answer(ctx context.Context, args []string, send func(report.Event) error) error {
	to := feature.Asker(send)
	switch {
	case len(args) == 0 || len(args) == 1 && args[0] == "list":
		return list(to)
	case len(args) > 2 && args[0] == "erase":
		return a.erase(ctx, args[1], strings.Join(args[2:], " "), to)
	}
	return feature.Accepted(words, "disk")
}
