package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/profile"
)

func (a *app) newCommand() *cobra.Command {
	var from, output string
	c := &cobra.Command{
		Use: "new NAME", Short: "Write a commented starting profile",
		Long: `Writes NAME.toml, a profile that extends a shipped one, with what people change
first as comments. An existing file is never overwritten.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("imgbuild new takes the new profile's name, such as mybox")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			var name profile.Name
			if err := name.UnmarshalText([]byte(args[0])); err != nil {
				return usageError{err}
			}
			base, err := a.load(c.Context(), from)
			if err != nil {
				return err
			}
			path := filepath.Join(output, args[0]+".toml")
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s exists, and is not overwritten; accepted: another name, or another directory by -o", path)
			}
			if err != nil {
				return fmt.Errorf("writing the profile: %w", err)
			}
			if _, err := f.WriteString(profile.Starter(name, from, base)); err != nil {
				return errors.Join(err, f.Close(), os.Remove(path))
			}
			if err := f.Close(); err != nil {
				return errors.Join(err, os.Remove(path))
			}
			fmt.Fprintln(a.stdout, path)
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "headless", "shipped `PROFILE` to start from: "+shippedNames())
	c.Flags().StringVarP(&output, "output", "o", ".", "`DIR` to write to")
	_ = c.RegisterFlagCompletionFunc("from", completeShipped)
	return c
}
