package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check PROFILE…", Short: "Find everything that is wrong with profiles, without network",
		Long: `Reads each profile and reports every problem at once, with its line and column
and what is accepted. Nothing is downloaded; what only the kernel or a package
can tell is checked when it is in the cache, and at the build otherwise.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return oneProfile(c, args)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			var failed error
			for _, name := range args {
				p, err := a.load(name)
				if err == nil {
					err = build.Check(p)
				}
				if err == nil {
					fmt.Fprintf(a.stdout, "%s: ok\n", name)
					continue
				}
				if failed != nil {
					exitCode(failed, a.stderr)
				}
				failed = err
			}
			return failed
		},
	}
}
