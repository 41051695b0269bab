package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/shown"
)

func (a *app) lsCommand() *cobra.Command {
	b := builder{app: a}
	var i imageFlags
	var asJSON, why bool
	c := &cobra.Command{
		Use: "ls PROFILE|IMAGE", Short: "List the files of a profile's image, or of any image", Args: oneProfileOrImage,
		Long: `Lists the files that a build puts into the initramfs. --why adds why each is there
and about what it costs: its share of its segment's compressed size.

Given the file of an image rather than a profile, it lists what is in that: an
initramfs of any maker, a kernel, a unified kernel image, a disk (raw, qcow2, VMDK,
VHD), an ISO, a FAT volume, a squashfs, and those that lie in each other.`,
		Example: `  imgbuild ls headless --why
  imgbuild ls /boot/initrd.img`,
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := i.size(); err != nil {
				return err
			}
			if err := imageOrProfile(args[0]); err != nil {
				return err
			}
			if isImage(args[0]) {
				m, err := i.open(args[0])
				if err != nil {
					return err
				}
				defer m.Close()
				return a.lsImage(c.Context(), m, asJSON)
			}
			p, err := a.load(c.Context(), args[0])
			if err != nil {
				return err
			}
			e, err := b.env()
			if err != nil {
				return err
			}
			rows, err := e.List(c.Context(), p, b.options(p))
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(rows)
			}
			return a.printRows(rows, why)
		},
	}
	c.Flags().BoolVar(&why, "why", false, "say why each file is there and what it costs")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	i.flags(c)
	b.flags(c)
	c.ValidArgsFunction = completeImage(1)
	return c
}

// oneProfileOrImage is the argument rule of verbs that take either.
func oneProfileOrImage(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return usageError{fmt.Errorf("%s takes one image or profile, got %d; accepted: the file of an image, a path such as ./mybox.toml, or a name: %s",
		c.CommandPath(), len(args), shippedNames())}
}

func (a *app) printRows(rows []build.Row, why bool) (err error) {
	out := bufio.NewWriter(a.stdout)
	defer func() { err = errors.Join(err, out.Flush()) }()
	var unpacked, packed int64
	for _, r := range rows {
		unpacked, packed = unpacked+r.Size, packed+r.Cost
		name := shown.Line(r.Path)
		if r.Link != "" {
			name += " -> " + shown.Line(r.Link)
		}
		if r.Same != "" {
			name += " == " + shown.Line(r.Same)
		}
		line := fmt.Sprintf("%s %10d  %s", tree.ModeString(fs.FileMode(r.Mode)), r.Size, name)
		if why {
			line = fmt.Sprintf("%s %10d %9d  %s  # %s", tree.ModeString(fs.FileMode(r.Mode)), r.Size, r.Cost, name, r.Why)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	if why && !a.quiet {
		fmt.Fprintf(a.stderr, "%s, %.1f MB unpacked, %.1f MB packed\n", count(len(rows), "file"), float64(unpacked)/1e6, float64(packed)/1e6)
	}
	return nil
}
