package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build/image"
)

func (a *app) unpackCommand() *cobra.Command {
	var i imageFlags
	var owners bool
	c := &cobra.Command{
		Use: "unpack IMAGE DIR", Short: "Unpack an image into an empty directory", Args: imageAnd("a directory"),
		Long: `Unpacks an image, and the images in it, into a directory that is empty or not there
yet. Nothing is written outside of it. All files are yours: owners, special modes and
device nodes are left out, for root too, and recorded in DIR/` + image.Listing + `, in the
form of mtree(5). --owners makes them: then DIR holds what a stranger's image makes
root's, and should be nobody's to enter.`,
		RunE: func(c *cobra.Command, args []string) (err error) {
			if owners && os.Geteuid() != 0 {
				return usageError{errors.New("--owners: another's files, setuid files and devices can be made by root only; accepted: as root, or without it")}
			}
			m, err := i.open(args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			made, err := emptyDir(args[1])
			if err != nil {
				return err
			}
			dir, err := os.OpenRoot(args[1])
			if err != nil {
				return err
			}
			defer dir.Close()
			step := a.reporter().Step("unpacking "+m.Name, 0)
			err = m.Unpack(c.Context(), dir, owners)
			step.Done(err)
			if err != nil {
				if made {
					err = errors.Join(err, os.Remove(args[1]))
				}
				return err
			}
			fmt.Fprintln(a.stdout, args[1])
			return nil
		},
	}
	c.Flags().BoolVar(&owners, "owners", false, "give files their owners, setuid and setgid bits, and make devices; needs root")
	i.flags(c)
	return c
}

// emptyDir makes a directory, or finds it empty.
func emptyDir(name string) (made bool, err error) {
	err = os.Mkdir(name, 0o777)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	entries, err := os.ReadDir(name)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty: it holds %s; accepted: an empty directory, or one that is not there yet", name, entries[0].Name())
	}
	return false, err
}
