package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/profiles"
)

// imageFlags are those of the verbs that read images.
type imageFlags struct{ limit string }

func (i *imageFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&i.limit, "limit", "", "`SIZE` to which an initramfs or squashfs may unpack (default 64M and 32 times its own)")
}

// size is --limit in bytes; 0 where it was not given.
func (i *imageFlags) size() (int64, error) {
	var limit spec.Size
	if i.limit != "" {
		if err := limit.UnmarshalText([]byte(i.limit)); err != nil {
			return 0, usageError{fmt.Errorf("--limit: %w", err)}
		}
	}
	return int64(limit), nil
}

// open opens an image.
func (i *imageFlags) open(name string) (*image.Image, error) {
	limit, err := i.size()
	if err != nil {
		return nil, err
	}
	m, err := openImage(name)
	if err == nil {
		m.Limit = limit
	}
	return m, err
}

// openImage opens an image; a file that is not there is a wrong command line.
func openImage(name string) (*image.Image, error) {
	m, err := image.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = usageError{fmt.Errorf("there is no image %s: %w", name, err)}
	}
	return m, err
}

// isImage tells an image's file from a profile's, and from the name of a shipped one.
func isImage(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir() && filepath.Ext(name) != ".toml"
}

// imageOrProfile refuses a name that stands for neither.
func imageOrProfile(name string) error {
	names := profile.Names(profiles.FS)
	if info, err := os.Stat(name); err == nil && !info.IsDir() || slices.Contains(names, name) || filepath.Ext(name) == ".toml" {
		return nil
	}
	return usageError{fmt.Errorf("there is no file %s, and no shipped profile of that name%s; accepted: an image, a path such as ./mybox.toml, or one of: %s",
		name, suggest.DidYouMean(name, names), shippedNames())}
}

// imageAnd is the argument rule of verbs that take an image and something else.
func imageAnd(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 2 {
			return nil
		}
		return usageError{fmt.Errorf("%s takes an image and %s, got %s", c.CommandPath(), what, count(len(args), "argument"))}
	}
}
