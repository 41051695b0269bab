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
		Long: `Writes NAME.toml, a profile that extends another one. What that one says stands in it with
its comments, each choice behind a "#" to be taken away, and what people add first; as it
is written it builds what the other one does. An existing file is never overwritten.`,
		Example: `  imgbuild new mynas --from nas
  imgbuild new branch2 --from ./branch.toml`,
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
			extends, err := seenFrom(output, from, base)
			if err != nil {
				return err
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s exists, and is not overwritten; accepted: another name, or another directory by -o", path)
			}
			if err != nil {
				return fmt.Errorf("writing the profile: %w", err)
			}
			if _, err := f.WriteString(profile.Starter(name, extends, base)); err != nil {
				return errors.Join(err, f.Close(), os.Remove(path))
			}
			if err := f.Close(); err != nil {
				return errors.Join(err, os.Remove(path))
			}
			fmt.Fprintln(a.stdout, path)
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "headless", "`PROFILE` to start from: a path, or one of "+shippedNames())
	c.Flags().StringVarP(&output, "output", "o", ".", "`DIR` to write to")
	_ = c.RegisterFlagCompletionFunc("from", func(c *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return completeProfile(c, nil, word)
	})
	_ = c.MarkFlagDirname("output")
	c.ValidArgsFunction = cobra.NoFileCompletions
	return c
}

// seenFrom is how a profile in a directory names the one that it extends: a path starts from the file that has it.
func seenFrom(dir, name string, base *profile.Profile) (string, error) {
	if base.File().Dir == "" || filepath.IsAbs(name) {
		return name, nil
	}
	at, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("writing the profile: %w", err)
	}
	return filepath.Rel(at, filepath.Join(base.File().Dir, filepath.Base(name)))
}
