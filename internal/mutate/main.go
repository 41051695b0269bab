// mutate makes small changes that would hurt a user, each alone, runs the tests of the package it is in, and lists the
// changes that no test noticed:
//
//	go run ./internal/mutate [-seed N] [-n CHANGES] [-jobs N] PACKAGE...
//
// The seed draws the changes of a package, as many of one kind as of another (changes.go). The tree is never touched:
// go test sees a changed file through an overlay. A change that does not compile does not count; one whose tests hang is noticed.
// What testing.Short leaves out is not run. For root the tests run in mount and process namespaces of their own: changed code
// may unmount or kill what it should not.
package main

import (
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
	"sync"
	"syscall"
	"time"
)

var (
	seed  = flag.Uint64("seed", 1, "draws the changes")
	count = flag.Int("n", 20, "changes tried for each package")
	jobs  = flag.Int("jobs", 2, "changes tried at once")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	tried, noticed := 0, 0
	for _, dir := range flag.Args() {
		t, n, err := judge(ctx, filepath.Clean(dir))
		if err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", dir, err)
			os.Exit(1)
		}
		tried, noticed = tried+t, noticed+n
	}
	fmt.Println(score("all", noticed, tried))
}

func score(of string, noticed, tried int) string {
	return fmt.Sprintf("%-24s %3d of %3d noticed, %3d %%, seed %d", of, noticed, tried, 100*noticed/max(1, tried), *seed)
}

// judge tries changes of a package and prints those that nobody noticed.
func judge(ctx context.Context, dir string) (tried, noticed int, err error) {
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
	for row := draw(all); len(row) > 0 && tried < *count; {
		batch := row[:min(*jobs, len(row), *count-tried)]
		row = row[len(batch):]
		verdicts := make([]string, len(batch))
		var group sync.WaitGroup
		for i, c := range batch {
			group.Go(func() { verdicts[i] = try(ctx, dir, c, limit) })
		}
		group.Wait()
		if ctx.Err() != nil {
			return tried, noticed, errors.New("interrupted")
		}
		for i, v := range verdicts {
			switch v {
			case "noticed":
				tried, noticed = tried+1, noticed+1
			case "survived":
				tried++
				fmt.Printf("    %s\n", batch[i])
			}
		}
	}
	fmt.Println(score(dir, noticed, tried))
	return tried, noticed, nil
}

// draw shuffles, and takes one change of each kind in turn.
func draw(all []change) (row []change) {
	left := map[string][]change{}
	for _, i := range rand.New(rand.NewPCG(*seed, 0)).Perm(len(all)) {
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

// try says what became of a change: noticed, survived or, where it does not compile, nothing.
func try(ctx context.Context, dir string, c change, limit time.Duration) string {
	tmp, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(tmp)
	changed, overlay := filepath.Join(tmp, "changed.go"), filepath.Join(tmp, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {c.file: changed}})
	if err := errors.Join(err, os.WriteFile(changed, c.apply(), 0o600), os.WriteFile(overlay, text, 0o600)); err != nil {
		panic(err)
	}
	switch out, err := test(ctx, dir, limit, "-overlay", overlay); {
	case err == nil:
		return "survived"
	case strings.Contains(string(out), "[build failed]"):
		return ""
	}
	return "noticed"
}

func test(ctx context.Context, dir string, limit time.Duration, flags ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := append([]string{"go", "test", "-count=1", "-failfast", "-short", "-vet=off", "-ldflags=-s -w"}, append(flags, "./"+dir)...)
	if os.Getuid() == 0 {
		args = append([]string{"unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd.CombinedOutput()
}
