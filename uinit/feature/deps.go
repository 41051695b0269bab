package feature

import (
	"context"
	"log/slog"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/kmod"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Deps is what the init lends a feature.
type Deps struct {
	// Machine is what is to be.
	Machine *Machine
	// Life ends when the machine goes down.
	Life context.Context
	Log  *slog.Logger
	// Facts is where facts go, and what is to be shown beside them.
	Facts *status.Board
	// Outcomes keep the states of units true.
	Outcomes *Outcomes
	Kmod     *kmod.Loader
	Events   *dev.Monitor
	Disks    *Disks
	News     *News
	Random   *Random
	Programs *Programs
	// Records are the latest lines of the log.
	Records *syslog.Ring
}

// AwaitDisk calls ready now and whenever a disk or partition comes up, until it says yes.
func (d *Deps) AwaitDisk(ctx context.Context, ready func() (bool, error)) error {
	return d.Events.Wait(ctx, "block", ready)
}

// Rescue is what a feature has to make ready a shell that comes before the boot: there is no worker then.
type Rescue struct {
	Image  *spec.Description
	Events *dev.Monitor
	Load   func(module string) error
}
