package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/internal/flash"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/shown"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// Exit codes; docs/errors.md lists what leads to each.
const (
	exitDone   = 0
	exitFailed = 1 // the work could not be done
	exitUsage  = 2 // wrong command line, or invalid profile
	exitCheck  = 3 // the appliance failed a check of "imgbuild test"
)

// usageError is a wrong command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errCheck says that a check failed; the table has said which.
var errCheck = errors.New("a check failed")

// exitCode prints what went wrong and tells the exit code.
func exitCode(err error, stderr io.Writer) int {
	var usage usageError
	var problems profile.Problems
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errCheck):
		return exitCheck
	case errors.Is(err, errDiffers):
		return exitFailed
	case errors.Is(err, errInvalid):
		return exitUsage
	case errors.As(err, &problems):
		for _, p := range problems {
			fmt.Fprintln(stderr, shown.Text(p.String()))
		}
		fmt.Fprintf(stderr, "imgbuild: %s\n", count(len(problems), "problem"))
		return exitUsage
	case errors.As(err, &usage), errors.As(err, new(troubleError)):
		fmt.Fprintf(stderr, "imgbuild: %s\n", shown.Text(err.Error()+suggest.For(err)))
		return exitUsage
	case errors.Is(err, context.Canceled) && !errors.As(err, new(*flash.StateError)):
		fmt.Fprintln(stderr, "imgbuild: interrupted; earlier artifacts are as they were")
		return exitFailed
	}
	text := strings.TrimSpace(err.Error())
	if errors.As(err, new(*cpio.TooLargeError)) {
		text += "; --limit SIZE allows more"
	}
	fmt.Fprintf(stderr, "imgbuild: %s\n", shown.Text(text))
	return exitFailed
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
