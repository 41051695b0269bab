package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/imgbuild/imgbuild/internal/colour"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/profiles"
)

// app is what every verb shares: where it reads and writes, and the global flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	directory      string
	verbose, quiet bool
	color          string
	// terminal is standard output where that is a file, paint what it is coloured with.
	terminal *os.File
	paint    colour.Paint
}

// run is the program without its process: arguments in, exit code out.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{w: stdout}
	a := &app{stdin: stdin, stdout: out, stderr: stderr}
	a.terminal, _ = stdout.(*os.File)
	root := a.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	strictHelpers(root)
	err := root.ExecuteContext(ctx)
	return exitCode(out.lost(err), stderr)
}

func (a *app) root() *cobra.Command {
	root := a.buildCommand("imgbuild [PROFILE]")
	root.Short = "Turn one TOML profile into a bootable Linux appliance"
	// Reading all profiles is for who asks for help, not for every build.
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		root.Long = about()
		help(c, args)
	})
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagError)
	root.Version = programVersion()
	root.SetVersionTemplate(versionLine(root.Version))
	// Who types the name alone wants to know what there is to type.
	takes, build := root.Args, root.RunE
	root.Args = func(c *cobra.Command, words []string) error {
		if len(words) == 0 && c.Flags().NFlag() == 0 {
			return nil
		}
		return takes(c, words)
	}
	root.RunE = func(c *cobra.Command, words []string) error {
		if len(words) == 0 {
			return c.Help()
		}
		return build(c, words)
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.directory, "directory", "C", "", "change to `DIR` before anything else")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "show quick steps too")
	f.StringVar(&a.color, "color", colour.Words[0], "colour what is well, late or failed: `WORD` is "+strings.Join(colour.Words, ", "))
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(colour.Words, cobra.ShellCompDirectiveNoFileComp))
	f.BoolVarP(&a.quiet, "quiet", "q", false, "print nothing but results and errors")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if a.verbose && a.quiet {
			return usageError{errors.New("-v and -q contradict each other; accepted: one of them")}
		}
		paint, err := colour.For(a.color, a.terminal)
		if err != nil {
			return usageError{err}
		}
		a.paint = paint
		if a.directory == "" {
			return nil
		}
		if err := os.Chdir(a.directory); err != nil {
			return usageError{fmt.Errorf("-C: %w", err)}
		}
		return nil
	}
	root.AddCommand(a.buildCommand("build PROFILE"), a.checkCommand(), a.planCommand(), a.lsCommand(), a.catCommand(), a.unpackCommand(), a.diffCommand(), a.repackCommand(), a.flashCommand(), a.runCommand(),
		a.testCommand(), a.lockCommand(), a.newCommand(), a.hashCommand(), a.schemaCommand(), a.signCommand(), a.verifyCommand(), a.genkeyCommand(), a.cacheCommand(), a.versionCommand())
	return root
}

// about is what --help says of the program as a whole.
func about() string {
	return `imgbuild turns one TOML profile into a bootable Linux appliance and proves
that it boots. "imgbuild PROFILE" is short for "imgbuild build PROFILE". A profile
is a path such as ./mybox.toml, or the name of a shipped one:

` + shippedList() + `
Artifact paths go to standard output, everything else to standard error.
Exit codes: 0 done, 1 failed, 2 wrong command line or invalid profile,
3 a check of "imgbuild test" failed.`
}

// strictHelpers lets cobra's own commands refuse words they don't know, which by themselves they
// answer with a page of help and success. It comes after SetOut, which they look at once.
func strictHelpers(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Args = func(_ *cobra.Command, words []string) error {
				if _, rest, err := root.Find(words); err != nil || len(rest) > 0 {
					return usageError{fmt.Errorf("there is no command %q; imgbuild --help lists them", strings.Join(words, " "))}
				}
				return nil
			}
		case "completion":
			c.Args = func(_ *cobra.Command, words []string) error {
				if len(words) == 0 {
					return nil
				}
				var shells []string
				for _, s := range c.Commands() {
					shells = append(shells, s.Name())
				}
				return usageError{fmt.Errorf("no completion for %q%s; accepted: %s", words[0], suggest.DidYouMean(words[0], shells), strings.Join(shells, ", "))}
			}
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
}

// oneProfile is the argument rule of verbs that take a profile.
func oneProfile(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	if verb := closestVerb(c, args); verb != "" {
		return usageError{fmt.Errorf("there is no command %q; did you mean %s?", args[0], verb)}
	}
	more := ""
	if !c.HasParent() {
		more = "; imgbuild --help says more"
	}
	return usageError{fmt.Errorf("%s takes one profile, got %d; accepted: a path such as ./mybox.toml, or a name: %s%s",
		c.CommandPath(), len(args), shippedNames(), more)}
}

// closestVerb is the command that the first of several words was meant to be, or "".
func closestVerb(c *cobra.Command, words []string) string {
	if c.HasParent() || len(words) == 0 || strings.ContainsAny(words[0], "./") {
		return ""
	}
	var verbs []string
	for _, v := range c.Commands() {
		verbs = append(verbs, v.Name())
	}
	return suggest.Closest(words[0], verbs)
}

// noArguments is the argument rule of verbs that take none.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%s takes no arguments, got %q", c.CommandPath(), args[0])}
}

// load reads a profile and shows its warnings. It gives up when ctx ends, though the profile be a pipe that nobody writes to.
func (a *app) load(ctx context.Context, name string) (*profile.Profile, error) {
	type loaded struct {
		*profile.Profile
		warnings profile.Problems
		err      error
	}
	came := make(chan loaded, 1)
	go func() {
		p, warnings, err := profile.Load(name, profile.Find(profiles.FS))
		came <- loaded{p, warnings, err}
	}()
	var l loaded
	select {
	case l = <-came:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p, warnings, err := l.Profile, l.warnings, l.err
	var problems profile.Problems
	if err != nil && !errors.As(err, &problems) {
		// A profile that does not exist is a wrong command line.
		return nil, usageError{err}
	}
	a.warn(warnings)
	return p, err
}

// warn prints what is worth a look.
func (a *app) warn(warnings profile.Problems) {
	for _, w := range warnings {
		if !a.quiet {
			fmt.Fprintln(a.stderr, w)
		}
	}
}

// reporter shows progress as the terminal and the flags allow.
func (a *app) reporter() progress.Reporter {
	if a.quiet {
		return progress.Discard
	}
	if f, ok := a.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		return progress.NewBars(f, func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil {
				return w
			}
			return 80
		}, a.verbose)
	}
	return &progress.Lines{W: a.stderr, Verbose: a.verbose}
}
