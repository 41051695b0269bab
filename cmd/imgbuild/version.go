package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// programVersion is that of the module, as it was built.
func programVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// versionLine is what "imgbuild version" prints, and --version.
func versionLine(version string) string {
	return fmt.Sprintf("imgbuild %s (%s)\n", version, runtime.Version())
}

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
			}{programVersion(), runtime.Version()}
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(v)
			}
			_, err := io.WriteString(a.stdout, versionLine(v.Version))
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
