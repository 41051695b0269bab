package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

func (a *app) catCommand() *cobra.Command {
	var i imageFlags
	c := &cobra.Command{
		Use: "cat IMAGE PATH", Short: "Print a file of an image", Args: imageAnd("the path of a file in it"),
		Long: `Prints a file of an image, as "imgbuild ls IMAGE" names it. Links are followed, below
the image's root. A file that is an image itself is printed as it is, so that
"imgbuild cat stick.img esp/EFI/BOOT/BOOTX64.EFI/.linux" gives the kernel.`,
		RunE: func(c *cobra.Command, args []string) error {
			m, err := i.open(args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			t, err := treeOf(c.Context(), m)
			if err != nil {
				return err
			}
			n, ok := t.Lookup(args[1])
			if !ok {
				return notInImage(m, t, args[1])
			}
			if !n.Mode.IsRegular() {
				return fmt.Errorf("%s in %s is no file: %s", args[1], m.Name, n.Mode)
			}
			number := 0
			err = m.Walk(c.Context(), func(_ image.Entry, content io.Reader) error {
				if number++; number <= n.Content().Number {
					return nil
				}
				if content != nil {
					if _, err := io.Copy(a.stdout, content); err != nil {
						return err
					}
				}
				return errPrinted
			})
			if errors.Is(err, errPrinted) {
				return nil
			}
			return err
		},
	}
	i.flags(c)
	return c
}

// errPrinted ends a walk that found its file.
var errPrinted = errors.New("the file is printed")

func notInImage(m *image.Image, t *image.Tree, name string) error {
	var paths []string
	for _, n := range t.Nodes() {
		paths = append(paths, n.Path)
	}
	hint := fmt.Sprintf("\"imgbuild ls %s\" lists its files", m.Name)
	if near := suggest.Closest(name, paths); near != "" {
		hint = "did you mean " + near + "?"
	}
	return fmt.Errorf("%s holds no file %s; %s", m.Name, name, hint)
}
