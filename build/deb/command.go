package deb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/imgbuild/imgbuild/internal/leash"
)

// command is a run of one of apt's programs.
type command struct {
	Args []string
	// Env comes on top of ours.
	Env []string
	// Dir is the working directory, "" for ours.
	Dir string
	// Status, where given, receives the lines that apt writes about its progress
	// (APT::Status-Fd, README.progress-reporting in apt's source).
	Status func(line string)
	// Hold, where given, is an open file that the program keeps open for as long as it runs.
	Hold *os.File
}

// runner runs a command and returns its standard output. Tests put their own in.
type runner func(context.Context, command) ([]byte, error)

// commandError is apt's failure in apt's words.
type commandError struct {
	Args []string
	// Said holds apt's error lines, or all that it said where none is marked as one.
	Said string
	Err  error
}

func (e *commandError) Error() string {
	if e.Said == "" {
		return fmt.Sprintf("running %s: %v", e.Args[0], e.Err)
	}
	return fmt.Sprintf("running %s: %s", e.Args[0], e.Said)
}

func (e *commandError) Unwrap() error { return e.Err }

func execute(ctx context.Context, c command) ([]byte, error) {
	args := c.Args
	if c.Status != nil {
		args = append([]string{args[0], "-o", "APT::Status-Fd=3"}, args[1:]...) // the first of ExtraFiles
	}
	// In a process group of its own, so that its methods end with it, and by our
	// signal: a terminal's Ctrl-C is ours to handle.
	cmd := leash.Command(ctx, syscall.SIGTERM, args[0], args[1:]...)
	cmd.Env = append(append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"), c.Env...)
	cmd.Dir = c.Dir
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said

	var status *statusPipe
	if c.Status != nil {
		var err error
		if status, err = pipeStatus(cmd.Cmd, c.Status); err != nil {
			return nil, fmt.Errorf("running %s: %w", args[0], err)
		}
	}
	if c.Hold != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, c.Hold)
	}
	err := cmd.Start()
	if status != nil {
		status.started()
	}
	if err == nil {
		err = cmd.Wait()
	}
	if status != nil {
		status.ended()
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("looking for %s: %w (packages and Debian's kernels need apt)", args[0], exec.ErrNotFound)
	case err != nil:
		return out.Bytes(), &commandError{Args: c.Args, Said: complaint(said.String()), Err: err}
	}
	return out.Bytes(), nil
}

// complaint is what a person needs of apt's standard error.
func complaint(said string) string {
	var errs, all []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "E: "); ok {
			errs = append(errs, text)
		}
		if line != "" {
			all = append(all, line)
		}
	}
	if len(errs) == 0 {
		errs = all
	}
	if len(errs) > 4 {
		errs = append(errs[:4:4], fmt.Sprintf("and %d more", len(errs)-4))
	}
	return strings.Join(errs, "; ")
}
