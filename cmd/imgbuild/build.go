package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// builder is the flags of every verb that builds.
type builder struct {
	*app
	cacheDir       string
	locked         bool
	refresh        bool
	uinit, busybox string
	formats        []string
}

func (b *builder) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&b.cacheDir, "cache", "", "cache `DIR` (default $IMGBUILD_CACHE, else imgbuild in the user's cache directory)")
	f.BoolVar(&b.locked, "locked", false, "refuse anything but what the lock file pins")
	f.BoolVar(&b.refresh, "refresh", false, "ask the package mirror again instead of trusting today's answer")
	f.StringVar(&b.uinit, "uinit", "", "prebuilt uinit `FILE`, for hosts without Go")
	f.StringVar(&b.busybox, "busybox", "", "prebuilt u-root busybox `FILE`, for hosts without Go")
	_ = c.MarkFlagDirname("cache")
	for _, name := range []string{"uinit", "busybox"} {
		_ = c.MarkFlagFilename(name)
	}
	c.ValidArgsFunction = completeProfile
}

// formatFlag lets the command line override the profile's formats.
func (b *builder) formatFlag(c *cobra.Command) {
	c.Flags().StringArrayVar(&b.formats, "format", nil, "write `FORMAT` instead of the profile's formats: kernel, uki, disk, iso, netboot or update; may be repeated")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatWords, cobra.ShellCompDirectiveNoFileComp))
}

var formatWords = []string{"kernel", "uki", "disk", "iso", "netboot", "update"}

// load reads a profile and lets --format override its formats.
func (b *builder) load(ctx context.Context, name string) (*profile.Profile, error) {
	formats := make([]profile.Format, len(b.formats))
	for i, word := range b.formats {
		if err := formats[i].UnmarshalText([]byte(word)); err != nil {
			return nil, usageError{fmt.Errorf("--format: %w", err)}
		}
	}
	p, err := b.app.load(ctx, name)
	if err != nil || len(formats) == 0 {
		return p, err
	}
	return p, p.SetFormats(formats)
}

// env opens what builds work with.
func (b *builder) env() (*build.Env, error) {
	e, err := build.NewEnv(b.cacheDir, b.reporter())
	if err != nil {
		return nil, err
	}
	e.Apt.Refresh = b.refresh
	e.Go.UinitFile, e.Go.BusyboxFile = b.uinit, b.busybox
	return e, nil
}

// options finds the lock: beside the profile, or here for a shipped one.
func (b *builder) options(p *profile.Profile) build.Options {
	return build.Options{LockFile: lockFile(p), Locked: b.locked}
}

func lockFile(p *profile.Profile) string {
	f := p.File()
	return filepath.Join(f.Dir, strings.TrimSuffix(filepath.Base(strings.TrimPrefix(f.Name, "shipped:")), ".toml")+".lock")
}

// outputDir is where artifacts go: -o DIR, else out/NAME.
func outputDir(p *profile.Profile, flag string) string {
	if flag != "" {
		return flag
	}
	return filepath.Join("out", string(p.Name))
}

func (a *app) buildCommand(use string) *cobra.Command {
	b := builder{app: a}
	var (
		output         string
		asJSON, verify bool
	)
	c := &cobra.Command{
		Use: use, Short: "Build a profile's artifacts", Args: oneProfile,
		Long: `Builds a profile into out/NAME/ (or DIR with -o) and prints the artifacts' paths.
What is there is replaced as a whole when everything is ready; a build that
fails or is interrupted leaves it alone.`,
		Example: `  imgbuild headless
  imgbuild build mybox.toml --format disk --format iso -o /srv/images`,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := b.load(c.Context(), args[0])
			if err != nil {
				return a.unknownVerb(c, args[0], err)
			}
			e, err := b.env()
			if err != nil {
				return err
			}
			made, err := e.Build(c.Context(), p, outputDir(p, output), b.options(p))
			if err == nil && verify {
				err = e.Verify(c.Context(), p, b.options(p), made)
			}
			if err != nil {
				return err
			}
			defer a.warnBuilt(p)
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(made)
			}
			a.tellBuilt(p, args[0], made)
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "write straight into `DIR` (default out/NAME)")
	c.Flags().BoolVar(&asJSON, "json", false, "print the artifacts as JSON: name, path, size, sha256")
	c.Flags().BoolVar(&verify, "verify", false, "build a second time, from packages and sources alone, and compare every byte")
	_ = c.MarkFlagDirname("output")
	b.formatFlag(c)
	b.flags(c)
	return c
}

// unknownVerb tells a mistyped verb from a mistyped profile.
func (a *app) unknownVerb(c *cobra.Command, word string, err error) error {
	if verb := closestVerb(c, []string{word}); verb != "" {
		return usageError{fmt.Errorf("there is no command or shipped profile %q; did you mean the command %q?", word, verb)}
	}
	return err
}
