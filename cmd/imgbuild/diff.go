package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/scratch"
	"github.com/imgbuild/imgbuild/internal/shown"
)

// errDiffers says that two images are not the same; what is printed says how.
var errDiffers = errors.New("the images differ")

// troubleError is whatever keeps diff from telling: as diff(1) does it, it must not be
// taken for a difference.
type troubleError struct{ error }

func (e troubleError) Unwrap() error { return e.error }

func (a *app) diffCommand() *cobra.Command {
	b := builder{app: a}
	var i imageFlags
	var asJSON bool
	c := &cobra.Command{
		Use: "diff A B", Short: "Tell the differences between two images or profiles", Args: imageAnd("another one"),
		Long: `Tells what differs between two images: kernel, partitions, command line, modules,
files, with their sizes. Images in images are compared file by file; times are not
compared. A profile stands for the initramfs and the command line that it builds to.

Exit codes, as those of diff(1): 0 the same, 1 different, 2 trouble.`,
		Example: `  imgbuild diff old/headless.img out/headless/headless.img
  imgbuild diff headless mybox.toml`,
		RunE: func(c *cobra.Command, args []string) error {
			// What is wrong with either name is told before the other is built.
			var profiles [2]*profile.Profile
			for n, name := range args {
				err := imageOrProfile(name)
				if err != nil {
					return err
				}
				if isImage(name) {
					continue
				}
				if profiles[n], err = b.load(c.Context(), name); err != nil {
					return troubleError{err}
				}
			}
			var sides [2]*image.Summary
			for n, name := range args {
				var err error
				if sides[n], err = b.summarize(c.Context(), name, profiles[n], &i); err != nil {
					return troubleError{err}
				}
			}
			if !isImage(args[0]) != !isImage(args[1]) { // a profile's command line has no counterpart
				sides[0].Cmdlines, sides[1].Cmdlines = nil, nil
			}
			changes := image.Compare(sides[0], sides[1])
			if asJSON {
				if changes == nil {
					changes = []image.Change{}
				}
				if err := json.NewEncoder(a.stdout).Encode(changes); err != nil {
					return troubleError{err}
				}
			} else {
				for _, ch := range changes {
					fmt.Fprintln(a.stdout, changeLine(ch))
				}
			}
			if len(changes) > 0 {
				return errDiffers
			}
			if same, err := sameBytes(args[0], args[1]); err == nil && !same && !a.quiet {
				fmt.Fprintln(a.stderr, "the files in them are the same, the bytes of the images are not")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	i.flags(c)
	b.flags(c)
	c.ValidArgsFunction = completeImage(2)
	return c
}

// summarize reads an image, or what a profile builds to; p is nil for an image.
func (b *builder) summarize(ctx context.Context, name string, p *profile.Profile, i *imageFlags) (*image.Summary, error) {
	if p == nil {
		m, err := i.open(name)
		if err != nil {
			return nil, err
		}
		defer m.Close()
		step := b.reporter().Step("reading "+m.Name, 0)
		s, err := m.Summarize(ctx)
		step.Done(err)
		return s, err
	}
	if err := p.SetFormats([]profile.Format{profile.FormatKernel}); err != nil {
		return nil, err
	}
	e, err := b.env()
	if err != nil {
		return nil, err
	}
	dir, err := scratch.New("")
	if err != nil {
		return nil, err
	}
	defer dir.Remove()
	if _, err := e.Build(ctx, p, dir.Path, b.options(p)); err != nil {
		return nil, err
	}
	_, initrd, cmdline := build.Artifacts(p, dir.Path)
	m, err := i.open(initrd)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	s, err := m.Summarize(ctx)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(cmdline)
	s.Cmdlines["command line"] = string(text)
	return s, err
}

func changeLine(c image.Change) string {
	line := fmt.Sprintf("%s %-12s  %s", c.Op, c.Section, shown.Line(c.Name))
	switch {
	case c.Section == "command line" || c.Section == "kernel":
	case c.Op == "+":
		line += fmt.Sprintf("  %d", c.New)
	case c.Op == "-":
		line += fmt.Sprintf("  %d", c.Old)
	case c.Old != c.New:
		line += fmt.Sprintf("  %d → %d (%+d)", c.Old, c.New, c.New-c.Old)
	}
	if len(c.What) > 0 {
		line += "  " + shown.Line(strings.Join(c.What, ", "))
	}
	return line
}

// sameBytes compares two files.
func sameBytes(a, b string) (bool, error) {
	x, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer y.Close()
	p, q := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(x, p)
		m, other := io.ReadFull(y, q)
		if n != m || !bytes.Equal(p[:n], q[:m]) {
			return false, nil
		}
		if err != nil || other != nil {
			return true, nil
		}
	}
}
