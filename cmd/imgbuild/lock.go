package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/lock"
)

func (a *app) lockCommand() *cobra.Command {
	b := builder{app: a}
	c := &cobra.Command{
		Use: "lock PROFILE", Short: "Pin what a profile is made of in NAME.lock", Args: oneProfile,
		Long: `Writes NAME.lock beside the profile: the newest Debian packages with version and
SHA-256, the Go toolchain and the Go modules. It prints what changed. Put the file
under version control; "imgbuild build --locked" then refuses anything else.`,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := b.load(c.Context(), args[0])
			if err != nil {
				return err
			}
			e, err := b.env()
			if err != nil {
				return err
			}
			e.Apt.Refresh = true
			path := lockFile(p)
			before, err := lock.Read(path)
			if err != nil {
				return err
			}
			if before == nil {
				before = &lock.Lock{}
			}
			image, err := e.Prepare(c.Context(), p, build.Options{LockFile: path, Update: true})
			if err != nil {
				return err
			}
			for _, line := range before.Diff(image.Lock) {
				if !a.quiet {
					fmt.Fprintln(a.stderr, line)
				}
			}
			if err := image.Lock.Write(path); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.stdout, path)
			return err
		},
	}
	b.formatFlag(c)
	b.flags(c)
	_ = c.Flags().MarkHidden("locked")
	return c
}
