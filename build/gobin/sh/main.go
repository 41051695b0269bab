// Command sh is the shell of an image: mvdan.cc/sh behind the command line of
// POSIX sh, with a line editor that needs little of a terminal.
//
//	sh [options] [file [argument...]]
//	sh [options] -c text [name [argument...]]
//	sh [options] -s [argument...]
//
// Options are those of set (-e, -u, -x, -o pipefail, ...), -i for interactive
// and -l, or a name that starts with "-", for a login shell, which reads
// /etc/profile and $HOME/.profile. There is no job control: ^Z does nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// Exit statuses of a shell (POSIX.1-2024, Shell Command Language 2.8.2).
const (
	statusUsage       = 2
	statusCannotExec  = 126
	statusNotFound    = 127
	statusInterrupted = 128 + 2 // SIGINT
)

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

// run is one shell from start to end; it returns the exit status.
func run(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args)
	if err != nil {
		fmt.Fprintf(stderr, "sh: %v\n", err)
		return statusUsage
	}
	var sig interrupts
	runner, err := interp.New(
		interp.StdIO(stdin, stdout, stderr),
		interp.Params(opts.set...),
		interp.ExecHandlers(answer, sig.foreground),
	)
	if err != nil {
		fmt.Fprintf(stderr, "sh: %v\n", err)
		return statusUsage
	}
	s := &shell{runner: runner, stderr: stderr, sig: &sig}
	ctx := context.Background()
	if opts.login {
		for _, file := range []string{"/etc/profile", filepath.Join(os.Getenv("HOME"), ".profile")} {
			if _, err := os.Stat(file); err == nil && !runner.Exited() {
				s.source(ctx, file)
			}
		}
	}
	switch {
	case runner.Exited(): // by a profile
	case opts.command != nil:
		s.text(ctx, opts.name, *opts.command)
	case opts.file != "":
		s.file(ctx, opts.file)
	case opts.interactive || term.IsTerminal(int(stdin.Fd())):
		s.interact()
	default:
		s.stream(ctx, stdin)
	}
	return s.status
}

// shell is a runner and the status that it last left.
type shell struct {
	runner *interp.Runner
	stderr io.Writer
	sig    *interrupts
	status int
	// left says that the person who types has left the shell by exit. The interpreter counts every error that
	// is not a status as an exit too, among them ^C; it ends a script, not an interactive shell.
	left bool
}

// do runs one node and keeps its status. Errors that are not a status end a
// command, never an interactive shell.
func (s *shell) do(ctx context.Context, node syntax.Node) {
	err := s.runner.Run(ctx, node)
	status, ok := errors.AsType[interp.ExitStatus](err)
	s.left = s.runner.Exited() && (ok || err == nil)
	switch {
	case err == nil:
		s.status = 0
	case ok:
		s.status = int(status)
	case errors.Is(err, context.Canceled):
		s.status = statusInterrupted
	default:
		fmt.Fprintf(s.stderr, "sh: %v\n", err)
		s.status = 1
	}
}

// text runs a whole program, as one file, so that traps on EXIT work.
func (s *shell) text(ctx context.Context, name, text string) {
	file, err := syntax.NewParser().Parse(strings.NewReader(text), name)
	if err != nil {
		fmt.Fprintf(s.stderr, "sh: %v\n", err)
		s.status = statusUsage
		return
	}
	s.do(ctx, file)
}

func (s *shell) file(ctx context.Context, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintf(s.stderr, "sh: %v\n", err)
		s.status = statusCannotExec
		if errors.Is(err, fs.ErrNotExist) {
			s.status = statusNotFound
		}
		return
	}
	s.text(ctx, path, string(text))
}

// source runs a profile in this shell, not as a program of its own: what it
// sets stays.
func (s *shell) source(ctx context.Context, path string) {
	f, err := os.Open(path)
	if err != nil {
		fmt.Fprintf(s.stderr, "sh: %v\n", err)
		return
	}
	defer f.Close()
	s.stream(ctx, f)
}

// stream runs each statement as it arrives.
func (s *shell) stream(ctx context.Context, r io.Reader) {
	for stmt, err := range syntax.NewParser().StmtsSeq(r) {
		if err != nil {
			fmt.Fprintf(s.stderr, "sh: %v\n", err)
			s.status = statusUsage
			return
		}
		if s.do(ctx, stmt); s.runner.Exited() {
			return
		}
	}
}
