//go:build novm

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// errNoVM says that the builder left virtual machines out, for the profile has none.
var errNoVM = errors.New("this uinit was built without virtual machines")

type guests struct{}

func newGuests(*worker) *guests { return nil }

func (*guests) prepare(context.Context) error      { return errNoVM }
func (*guests) boot(context.Context, string) error { return errNoVM }
func (*guests) service(string) *supervise.Service    { return nil }
func (*guests) waiting(string) string              { return "" }
func (*guests) stopLimit() time.Duration           { return 0 }
func (*guests) stop(context.Context) error         { return nil }
func (*guests) answer(*status.Board)               {}

func vmctlMain([]string) int {
	fmt.Fprintln(os.Stderr, "uinitctl:", errNoVM)
	return 1
}
