package main

import (
	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/profile/schema"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of profiles, for editors", Args: noArguments,
		Long: `Prints what a profile may say as a JSON Schema (draft 7), with what each key means, for
editors that complete words and mark mistakes as they are typed. Editors with taplo
(VS Code's Even Better TOML, Helix, Neovim) take it from a first line

  #:schema ./imgbuild.schema.json

It knows which keys there are, of which kind, and their words; "imgbuild check" knows the
rest: what texts must look like, what is required, and what goes together.`,
		Example: `  imgbuild schema > imgbuild.schema.json`,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(schema.JSON)
			return err
		},
	}
}
