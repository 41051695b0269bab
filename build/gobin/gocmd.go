package gobin

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
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// shape are the settings that decide a program's bytes; what a user sets for
// fetching modules (GOPROXY, GOPRIVATE, …) stays. GOFLAGS is not empty, since
// an empty one gives way to "go env -w".
var shape = []string{
	"GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "CGO_ENABLED=0", "GOFIPS140=off",
	"GO111MODULE=on", "GOWORK=off", "GOFLAGS=-mod=readonly",
}

// compileFlags go to every go command that compiles, so that they share Go's
// build cache; linkFlags only to the final build.
var (
	// Our packages, and large ones, that uinit has in common with the busybox or imgbuild: as uinitFlags say for the one, they are
	// compiled once for all.
	compileFlags = []string{"-trimpath", "-buildvcs=false", "-gcflags=github.com/vishvananda/...=-l", "-gcflags=golang.org/x/sys/...=-l", "-gcflags=github.com/imgbuild/...=-l"}
	// A function begins at every sixteenth byte, as C's do and as Go's tables of them expect at the least, and not at every 32nd, which
	// is for inner loops: without half of the padding uinit is 70 KB smaller.
	linkFlags = []string{"-ldflags=-s -w -buildid= -funcalign=16"}
	// uinitFlags: code that runs once a boot need not be fast, and without functions copied into
	// their callers it is 180 KB smaller. Go's own packages keep them, as they are compiled already: net would
	// be 20 KB smaller, and all that imports it compiled twice, the netlink library too.
	uinitFlags = []string{"-gcflags=github.com/...=-l"}
)

// build compiles the main package pkg of the module in dir into the file out; flags are further
// ones of "go build".
func (t toolchain) build(ctx context.Context, dir, out, pkg string, flags ...string) error {
	args := append([]string{"build", "-o", out}, compileFlags...)
	args = append(args, linkFlags...)
	args = append(args, flags...)
	args = append(args, pkg)
	_, err := t.run(ctx, dir, args...)
	return err
}

// run returns what a go command writes to standard output. When ctx ends, or this process,
// its compilers end with it.
func (t toolchain) run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	// An interrupted go command removes its work directory; a killed one cannot.
	cmd := leash.Command(ctx, syscall.SIGINT, t.path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), shape...)
	cmd.Env = append(cmd.Env, "PWD="+dir)
	if t.tmp != "" {
		cmd.Env = append(cmd.Env, "GOTMPDIR="+t.tmp)
	}
	if t.cache != "" {
		cmd.Env = append(cmd.Env, "GOCACHE="+t.cache)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("running go %s: %w", args[0], context.Cause(ctx))
	}
	if err != nil {
		return nil, goError(args[0], err, stderr.String())
	}
	return stdout.Bytes(), nil
}

// goError keeps the compiler's lines, of which the exit status says nothing.
func goError(verb string, err error, stderr string) error {
	lines := strings.TrimSpace(stderr)
	var exit *exec.ExitError
	if lines == "" || !errors.As(err, &exit) {
		return fmt.Errorf("running go %s: %w", verb, err)
	}
	return fmt.Errorf("running go %s: %w:\n%s", verb, err, lines)
}

// inScratch runs f with a temporary directory that is gone afterwards.
func inScratch(f func(work string) error) error {
	work, err := scratch.New("")
	if err != nil {
		return err
	}
	defer work.Remove()
	return f(work.Path)
}
