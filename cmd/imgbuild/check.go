package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/site"
)

func (a *app) checkCommand() *cobra.Command {
	var cacheDir, siteFile string
	var asJSON bool
	c := &cobra.Command{
		Use: "check PROFILE…", Short: "Find everything that is wrong with profiles, without network",
		Long: `Reads each profile and reports every problem at once, with its line and column
and what is accepted. Nothing is downloaded; what only the kernel or a package
can tell is checked when it is in the cache, and at the build otherwise.
Container images that lie on this machine are read, and judged as a build does.
--site checks a site.toml too, as the box would that starts from the profile's
image.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return oneProfile(c, args)
			}
			if siteFile != "" && len(args) > 1 {
				return usageError{fmt.Errorf("--site goes with one profile, got %d", len(args))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			e, err := build.NewEnv(cacheDir, a.reporter())
			if err != nil {
				return err
			}
			one := func(name string) error {
				p, err := a.load(c.Context(), name)
				if err == nil {
					err = a.checkSources(p)
				}
				if err == nil {
					err = errors.Join(a.checkModules(c, e, p), a.checkGuests(e, p), a.checkImages(c, e, p))
				}
				if err == nil && siteFile != "" {
					err = a.checkSite(siteFile, p)
				}
				return err
			}
			if asJSON {
				return a.checkJSON(args, one)
			}
			var failed error
			for _, name := range args {
				err := one(name)
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
	c.Flags().StringVar(&cacheDir, "cache", "", "cache `DIR` (default $IMGBUILD_CACHE, else imgbuild in the user's cache directory)")
	c.Flags().StringVar(&siteFile, "site", "", "check `FILE`, a site.toml for this profile, as well")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: each profile, whether it is ok, and its problems with file, line, column and key")
	_ = c.MarkFlagFilename("site", "toml")
	_ = c.MarkFlagDirname("cache")
	// Several profiles may follow each other.
	c.ValidArgsFunction = func(c *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return completeProfile(c, nil, word)
	}
	return c
}

// checkSources checks a profile beside its overlays.
func (a *app) checkSources(p *profile.Profile) error {
	warnings, err := build.Check(p)
	a.warn(warnings)
	return err
}

// checkSite reads a site.toml as the box does.
func (a *app) checkSite(name string, p *profile.Profile) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading a site file: %w", err)
	}
	_, problems := site.Read(name, text, &p.Machine)
	if err := problems.Err(); err != nil {
		return err
	}
	a.warn(problems)
	return nil
}

// checkGuests compares guests' machines and processors with QEMU's where this machine knows them.
func (a *app) checkGuests(e *build.Env, p *profile.Profile) error {
	known, err := e.CheckGuests(p)
	if err == nil && !known && !a.quiet {
		fmt.Fprintf(a.stderr, "%s: machine and cpu_model of guests are not checked: no QEMU was built with here yet; the build checks them\n", p.File().Name)
	}
	return err
}

// checkImages judges container images that lie on this machine.
func (a *app) checkImages(c *cobra.Command, e *build.Env, p *profile.Profile) error {
	remote, err := e.CheckImages(c.Context(), p)
	if err == nil && len(remote) > 0 && !a.quiet {
		fmt.Fprintf(a.stderr, "%s: not checked, for they lie in a registry: %s; the build checks them\n", p.File().Name, strings.Join(remote, ", "))
	}
	return err
}

// checkModules compares module names with the kernel where this machine knows it.
func (a *app) checkModules(c *cobra.Command, e *build.Env, p *profile.Profile) error {
	known, err := e.CheckModules(c.Context(), p)
	if err == nil && !known && !a.quiet {
		fmt.Fprintf(a.stderr, "%s: module names are not checked: %s was not built with here yet; the build checks them\n", p.File().Name, p.Kernel.Package)
	}
	return err
}
