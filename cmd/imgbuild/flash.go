package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/flash"
)

// flashing is what the flags of "flash" say.
type flashing struct {
	*app
	yes, fixed, skipCompare, asJSON bool
}

func (a *app) flashCommand() *cobra.Command {
	f := flashing{app: a}
	c := &cobra.Command{
		Use: "flash IMAGE [DEVICE]", Short: "Write a disk image or ISO to a disk, and compare", Args: flashArguments,
		Long: `Writes a disk image or ISO to a disk, reads it back and compares. qcow2, VMDK and fixed
VHD disks are unpacked on the way. Without a device, it lists the disks that could be
meant. A plain file is as good as a disk.

It refuses a disk that is mounted, in use, part of an array, smaller than the image, or
the system's own, and a file that a loop device, a guest or a program has open. It says
what the disk holds and asks for its name before it writes (--yes does not ask). The
backup of the partition table moves to the disk's end.`,
		Example: `  imgbuild flash out/headless/headless.img             # lists disks
  imgbuild flash out/headless/headless.img /dev/sdX`,
		RunE: func(c *cobra.Command, args []string) error {
			m, err := flashable(args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			if len(args) == 1 {
				return f.list(m.Content.Size())
			}
			return f.flash(c.Context(), m, args[1])
		},
	}
	c.Flags().BoolVarP(&f.yes, "yes", "y", false, "write without asking")
	c.Flags().BoolVar(&f.fixed, "fixed-disk", false, "write to a disk that is built in, too")
	c.Flags().BoolVar(&f.skipCompare, "no-compare", false, "do not read back and compare")
	c.Flags().BoolVar(&f.asJSON, "json", false, "list disks as JSON")
	return c
}

func flashArguments(c *cobra.Command, args []string) error {
	if len(args) == 1 || len(args) == 2 {
		return nil
	}
	return usageError{fmt.Errorf("%s takes an image and a device, got %s", c.CommandPath(), count(len(args), "argument"))}
}

// flash writes. The disk is open, and nobody else can take it, before its owner is asked: what is shown is what is lost.
func (f *flashing) flash(ctx context.Context, m *image.Image, path string) (err error) {
	d, err := target(path)
	if err != nil {
		return err
	}
	path = d.Path
	if same(m.Name, path) {
		return &flash.RefusedError{Path: path, Reason: "it is the image itself"}
	}
	if err := flash.Refuse(d, m.Content.Size(), f.fixed); err != nil {
		return err
	}
	disk, err := flash.OpenFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	if disk.Size() != d.Size || !disk.Is(path) {
		return &flash.RefusedError{Path: path, Reason: "it became another disk meanwhile"}
	}
	contents, err := flash.Contents(disk, d.Size)
	if err != nil {
		return err
	}
	if err := flash.RefuseMember(contents, path); err != nil {
		return err
	}
	if err := f.confirm(ctx, m, d, contents); err != nil {
		return err
	}
	plan, err := flash.Make(m.Content, d.Size)
	if err != nil {
		return err
	}
	report := f.reporter()
	if m.Kind == image.ISO && !bootSector(m) {
		report.Note("%s has no boot sector: it starts from a CD only", m.Name)
	}
	if plan.Unmoved != nil {
		report.Note("%v; it is left as it is", plan.Unmoved)
	}
	if err := flash.Write(ctx, disk, plan, path, report); err != nil {
		return err
	}
	if !f.skipCompare {
		if err := flash.Verify(ctx, disk, plan, path, report); err != nil {
			return err
		}
	}
	if err := disk.Rescan(); err != nil {
		report.Note("the kernel does not read the new partition table of %s (%v); unplug the disk and plug it in again", path, err)
	}
	fmt.Fprintln(f.stdout, path)
	f.warnFlashed(ctx, m, path)
	return nil
}
