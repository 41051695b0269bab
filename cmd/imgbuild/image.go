package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// imageFlags are those of the verbs that read images.
type imageFlags struct{ limit string }

func (i *imageFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&i.limit, "limit", "", "`SIZE` to which an initramfs or squashfs may unpack (default 64M and 32 times its own)")
}

// open opens an image.
func (i *imageFlags) open(name string) (*image.Image, error) {
	var limit spec.Size
	if i.limit != "" {
		if err := limit.UnmarshalText([]byte(i.limit)); err != nil {
			return nil, usageError{fmt.Errorf("--limit: %w", err)}
		}
	}
	m, err := image.Open(name)
	if err == nil {
		m.Limit = int64(limit)
	}
	return m, err
}

// isImage tells an image's file from a profile's, and from the name of a shipped one.
func isImage(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir() && filepath.Ext(name) != ".toml"
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
