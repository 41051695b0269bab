package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) planCommand() *cobra.Command {
	b := builder{app: a}
	var asJSON bool
	c := &cobra.Command{
		Use: "plan PROFILE", Short: "Print the merged profile and what would go into the image", Args: oneProfile,
		Long: `Prints the profile with everything it extends and all defaults, and the plan:
kernel, command line, modules and files, each with its reason. Hashes and keys are not
shown. Nothing is written but the cache.`,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := b.load(c.Context(), args[0])
			if err != nil {
				return err
			}
			e, err := b.env()
			if err != nil {
				return err
			}
			image, err := e.Prepare(c.Context(), p, b.options(p))
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(a.stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(struct {
					Profile any `json:"profile"`
					Plan    any `json:"plan"`
				}{p.Shown(), image.Plan.Shown()})
			}
			_, err = fmt.Fprintf(a.stdout, "# Profile, merged and with all defaults\n\n%s\n# Plan\n\n%s", p.TOML(), image.Plan)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	b.formatFlag(c)
	b.flags(c)
	return c
}
