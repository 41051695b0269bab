package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/chart"
	"github.com/imgbuild/imgbuild/internal/report"
)

// bootChart is the flag that asks for a picture of the boot, and what it is made of.
type bootChart struct {
	file, title string
	started     bool
	events      []report.Event
}

// flags adds the flag to a verb, and the drawing to the verb's end, however that is: a boot that
// failed is the one to look at.
func (b *bootChart) flags(a *app, c *cobra.Command) {
	c.Flags().StringVar(&b.file, "boot-chart", "", "draw where the boot's time went as SVG into `FILE`")
	_ = c.MarkFlagFilename("boot-chart", "svg")
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := writable("boot-chart", b.file); err != nil {
			return err
		}
		err := run(c, args)
		if b.file == "" || !b.started {
			return err
		}
		failed := b.draw()
		if err == nil || failed == nil {
			return cmp.Or(err, failed)
		}
		fmt.Fprintf(a.stderr, "imgbuild: %v\n", failed)
		return err
	}
}

// watch has the machine hand over what it reports, where a picture is wanted: the report is
// waited for.
func (b *bootChart) watch(vm *boot.Machine, title string) {
	if b.file == "" {
		return
	}
	b.title = title
	vm.Reported = func(events []report.Event) { b.started, b.events = true, events }
}

// draw replaces the file as a whole.
func (b *bootChart) draw() (err error) {
	if len(b.events) == 0 {
		return errors.New("drawing the boot: the guest reported nothing")
	}
	f, err := renameio.NewPendingFile(b.file, renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("drawing the boot: %w", err)
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	if err := chart.New(b.events).WriteSVG(f, b.title); err != nil {
		return fmt.Errorf("drawing the boot: %w", err)
	}
	return f.CloseAtomicallyReplace()
}
