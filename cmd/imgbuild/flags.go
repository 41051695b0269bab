package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/imgbuild/imgbuild/internal/suggest"
)

// flagError is what is wrong with the flags of a command line; for one that is not known, with the one that may have been meant.
func flagError(c *cobra.Command, err error) error {
	meant := ""
	if unknown := new(pflag.NotExistError); errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var known []string
		c.Flags().VisitAll(func(f *pflag.Flag) { // InheritedFlags are among them by now
			if !f.Hidden {
				known = append(known, f.Name)
			}
		})
		if name := suggest.Closest(strings.TrimLeft(unknown.GetSpecifiedName(), "-"), known); name != "" {
			meant = "; did you mean --" + name + "?"
		}
	}
	return usageError{fmt.Errorf("%w%s; see %s --help", err, meant, c.CommandPath())}
}
