package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/report"
)

func (a *app) testCommand() *cobra.Command {
	m := machine{builder: builder{app: a}}
	var (
		junit  string
		asJSON bool
	)
	c := &cobra.Command{
		Use: "test PROFILE", Short: "Boot a profile and prove its [check.*] tables", Args: oneProfile,
		Long: `Builds the profile if needed, boots it in QEMU, evaluates its [check.NAME] tables,
powers it off, and demands that it reported to its end. Exit code 3 when
anything of this does not hold.`,
		Example: `  imgbuild test mybox.toml
  imgbuild test mybox.toml --format iso --junit results.xml --boot-chart boot.svg`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := m.check(); err != nil {
				return err
			}
			p, err := a.load(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := writable("junit", junit); err != nil {
				return err
			}
			vm, err := m.prepare(c.Context(), p, true)
			if err != nil {
				return err
			}
			defer vm.Close()
			if a.verbose {
				a.introduce(vm, false)
			}
			checks, dropped := m.checks(p)
			if len(dropped) > 0 && !a.quiet {
				fmt.Fprintf(a.stderr, "left out: %s; no commands can be run on a medium whose kernel line lacks %s\n", strings.Join(dropped, ", "), report.ParamTest)
			}
			step := a.reporter().Step(fmt.Sprintf("booting %s for %s", p.Name, count(len(checks), "check")), int64(len(checks)))
			r, err := vm.Test(c.Context(), checks, func(check.Result) { step.Add(1) })
			step.Done(err)
			if err != nil {
				return err
			}
			if err := c.Context().Err(); err != nil {
				return err
			}
			if junit != "" {
				if err := writeJUnit(junit, string(p.Name), r); err != nil {
					return err
				}
			}
			if asJSON {
				err = check.WriteJSON(a.stdout, r)
			} else {
				err = check.WriteTable(a.stdout, r, a.paint)
			}
			if err == nil && !r.Passed() {
				err = errCheck
			}
			return err
		},
	}
	c.Flags().StringVar(&junit, "junit", "", "write the results as JUnit XML to `FILE`")
	c.Flags().BoolVar(&asJSON, "json", false, "print the results as JSON")
	m.flags(c)
	return c
}

// writeJUnit replaces the file as a whole.
func writeJUnit(path, suite string, r check.Results) (err error) {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("writing JUnit results: %w", err)
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	if err := check.WriteJUnit(io.Writer(f), suite, r); err != nil {
		return fmt.Errorf("writing JUnit results: %w", err)
	}
	return f.CloseAtomicallyReplace()
}
