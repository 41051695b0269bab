package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

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
the system's own, and asks for the disk's name before it writes (--yes does not). The
backup of the partition table moves to the disk's end.`,
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

// flashable opens an image, if it is one that a disk can hold.
func flashable(name string) (*image.Image, error) {
	m, err := image.Open(name)
	if err != nil {
		return nil, err
	}
	switch m.Kind {
	case image.Disk, image.ISO, image.FAT, image.QCOW2, image.VMDK, image.VHD:
		if err = m.Whole(); err == nil {
			return m, nil
		}
		err = fmt.Errorf("%s is damaged or cut off: %w", name, err)
	case image.Initramfs:
		err = fmt.Errorf("%s is an initramfs, or a compressed file, no disk image; accepted: a disk image (raw, qcow2, VMDK, VHD) or an ISO; gunzip, unxz or unzstd unpack a compressed one", name)
	default:
		err = fmt.Errorf("%s is no disk image but of the kind %q; accepted: a disk image (raw, qcow2, VMDK, VHD) or an ISO", name, m.Kind)
	}
	return nil, errors.Join(err, m.Close())
}

// thisMachine is where the kernel tells of its disks.
func thisMachine() flash.System { return flash.System{Sys: os.DirFS("/sys"), Proc: os.DirFS("/proc")} }

// diskRow is a disk as "flash --json" prints it.
type diskRow struct {
	Device    string `json:"device"`
	Size      int64  `json:"size"`
	Model     string `json:"model"`
	Serial    string `json:"serial"`
	Transport string `json:"transport"`
	Removable bool   `json:"removable"`
	Refused   string `json:"refused,omitempty"`
}

// list prints the disks that an image of so many bytes could be written to.
func (f *flashing) list(size int64) error {
	disks, err := thisMachine().Inventory()
	if err != nil {
		return err
	}
	rows := []diskRow{}
	for _, d := range disks {
		if !d.External() && !f.fixed || d.Transport == "loop" {
			continue
		}
		r := diskRow{d.Path, d.Size, strings.TrimSpace(d.Vendor + " " + d.Model), d.Serial, d.Transport, d.Removable, ""}
		line := d.String()
		var refused *flash.RefusedError
		if errors.As(flash.Refuse(d, size, f.fixed), &refused) {
			r.Refused = refused.Reason
			line += "  [not to be written: " + refused.Reason + "]"
		}
		rows = append(rows, r)
		if !f.asJSON {
			fmt.Fprintln(f.stdout, line)
		}
	}
	if f.asJSON {
		return json.NewEncoder(f.stdout).Encode(rows)
	}
	if len(rows) == 0 && !f.quiet {
		fmt.Fprintln(f.stderr, "there is no removable disk; --fixed-disk lists those that are built in too")
	}
	return nil
}

// flash writes.
func (f *flashing) flash(ctx context.Context, m *image.Image, path string) (err error) {
	d, err := target(path)
	if err != nil {
		return err
	}
	if same(m.Name, path) {
		return &flash.RefusedError{Path: path, Reason: "it is the image itself"}
	}
	if err := flash.Refuse(d, m.Content.Size(), f.fixed); err != nil {
		return err
	}
	if err := f.confirm(m, d); err != nil {
		return err
	}
	disk, err := flash.OpenFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	// While we asked, another disk may have taken the name.
	if number, err := disk.Number(); err != nil || number != d.Number || disk.Size() != d.Size {
		return errors.Join(&flash.RefusedError{Path: path, Reason: "it became another disk meanwhile"}, err)
	}
	if err := flash.RefuseMember(disk, d.Size, path); err != nil {
		return err
	}
	plan, err := flash.Make(m.Content, d.Size)
	if err != nil {
		return err
	}
	report := f.reporter()
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
	return nil
}

// target finds out what a path stands for.
func target(path string) (flash.Disk, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return flash.Disk{}, usageError{fmt.Errorf("%w; \"imgbuild flash IMAGE\" lists disks; a plain file must be there already, with the size of the disk that it stands for", err)}
	}
	if err != nil {
		return flash.Disk{}, err
	}
	if info.Mode().IsRegular() {
		return flash.Disk{Name: path, Path: path, Size: info.Size(), Sector: 512}, nil
	}
	if info.Mode()&os.ModeDevice == 0 || info.Mode()&os.ModeCharDevice != 0 {
		return flash.Disk{}, usageError{fmt.Errorf("%s is neither a disk nor a plain file", path)}
	}
	number, err := deviceNumber(info)
	if err != nil {
		return flash.Disk{}, err
	}
	d, part, err := thisMachine().Find(number)
	if err != nil {
		return d, err
	}
	if part != "" {
		return d, usageError{fmt.Errorf("%s is a partition; an image is written to the whole disk: %s", path, d.Path)}
	}
	d.Path = path
	return d, nil
}

// confirm asks for the disk's name.
func (f *flashing) confirm(m *image.Image, d flash.Disk) error {
	if f.yes {
		return nil
	}
	fmt.Fprintf(f.stderr, "%s\nAll that is on it will be lost. Type its name, %s, to write %s to it: ", d, d.Confirmation(), m.Name)
	in := bufio.NewScanner(f.stdin)
	if in.Scan() && strings.TrimSpace(in.Text()) == d.Confirmation() {
		return nil
	}
	return &flash.RefusedError{Path: d.Path, Reason: fmt.Sprintf("its name, %s, was not typed; nothing was written (--yes writes without asking)", d.Confirmation())}
}
