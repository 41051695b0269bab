// mutate makes small changes that would hurt a user, each alone, runs the tests of the package it is in, and lists the changes that
// no test noticed:
//
//	go run ./internal/mutate [-seed N] [-n CHANGES] PACKAGE...
//
// The seed draws the changes of a package, as many of one kind as of another (changes.go). The tree is never touched: go test sees a
// changed file through an overlay. A change that does not compile does not count; one whose tests hang is noticed. Tests end with the
// first that fails, also where others run beside it. What testing.Short leaves out is not run. For root the tests run in mount and process namespaces of their own: changed code may unmount or kill what it should not.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	seed := flag.Uint64("seed", 1, "draws the changes")
	count := flag.Int("n", 20, "changes tried for each package")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, dir := range flag.Args() {
		dir = filepath.Clean(dir)
		noticed, tried, err := judge(ctx, dir, *seed, *count)
		if tried > 0 { // also where somebody called it off
			fmt.Printf("%-22s %3d of %3d noticed, %3d %%, seed %d\n", dir, noticed, tried, 100*noticed/tried, *seed)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", dir, err)
			os.Exit(1)
		}
	}
}

// judge tries changes of a package and prints those that nobody noticed.
func judge(ctx context.Context, dir string, seed uint64, count int) (noticed, tried int, err error) {
	files, err := exec.Command("go", "list", "-f", `{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}`, "./"+dir).Output()
	if err != nil {
		return 0, 0, fmt.Errorf("listing its files: %w", err)
	}
	var all []change
	for _, file := range strings.Fields(string(files)) {
		found, err := changes(file)
		if err != nil {
			return 0, 0, err
		}
		all = append(all, found...)
	}
	start := time.Now()
	if out, err := test(ctx, dir, time.Hour); err != nil {
		return 0, 0, fmt.Errorf("its tests fail as it is: %w\n%s", err, out)
	}
	limit := 3*time.Since(start) + 20*time.Second
	for _, c := range draw(all, seed) {
		if tried == count {
			break
		}
		overlay, clean, err := c.overlay()
		if err != nil {
			return noticed, tried, err
		}
		out, err := test(ctx, dir, limit, "-overlay", overlay)
		clean()
		switch {
		case ctx.Err() != nil:
			return noticed, tried, errors.New("interrupted")
		case bytes.Contains(out, []byte("[build failed]")):
			continue
		case err == nil:
			fmt.Printf("    %s\n", c)
		default:
			noticed++
		}
		tried++
	}
	return noticed, tried, nil
}

// draw shuffles, and takes one change of each kind in turn.
func draw(all []change, seed uint64) (row []change) {
	left := map[string][]change{}
	for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(len(all)) {
		left[all[i].kind] = append(left[all[i].kind], all[i])
	}
	for len(row) < len(all) {
		for _, kind := range kinds {
			if l := left[kind]; len(l) > 0 {
				row, left[kind] = append(row, l[0]), l[1:]
			}
		}
	}
	return row
}

// overlay writes what go test reads to see the changed file.
func (c change) overlay() (file string, clean func(), err error) {
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return "", nil, err
	}
	changed, file := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {c.file: changed}})
	return file, func() { os.RemoveAll(dir) }, errors.Join(err, os.WriteFile(changed, c.apply(), 0o600), os.WriteFile(file, text, 0o600))
}

func test(ctx context.Context, dir string, limit time.Duration, flags ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := append([]string{"go", "test", "-count=1", "-failfast", "-short", "-v", "-vet=off", "-ldflags=-s -w"}, append(flags, "./"+dir)...)
	if os.Getuid() == 0 {
		args = append([]string{"unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out := &said{failed: cancel}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	return out.Bytes(), err
}

// said is what go test said so far. What fails first is enough.
type said struct {
	bytes.Buffer
	failed func()
}

func (s *said) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	if bytes.HasPrefix(s.Bytes(), []byte("--- FAIL")) || bytes.Contains(s.Bytes(), []byte("\n--- FAIL")) {
		s.failed()
	}
	return n, err
}
