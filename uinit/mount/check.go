package mount

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/uinit/slack"
)

// checker repairs what needs no decision. XFS and Btrfs have none: mounting replays their logs.
type checker struct {
	repair []string
	// repaired are the exit statuses that say so.
	repaired []int
	// again, where there is one, has to be content with what was repaired.
	again []string
}

// By fsck(8), 1 is repaired and 2 asks for a reboot where it was the root file system. fsck.fat(8) has 1 for all else, too,
// such as what is no file system at all.
var checkers = map[string]checker{
	"ext4": {repair: []string{"/sbin/e2fsck", "-p"}, repaired: []int{1, 2, 3}},
	"vfat": {repair: []string{"/sbin/fsck.fat", "-a"}, repaired: []int{1}, again: []string{"/sbin/fsck.fat", "-n"}},
}

// preen checks a file system that is not mounted. The error says that it needs a person, or could not be checked:
// it is better not mounted than mounted and made worse.
func preen(ctx context.Context, kind, device string) error { return checkers[kind].preen(ctx, device) }

func (c checker) preen(ctx context.Context, device string) error {
	if len(c.repair) == 0 {
		return nil
	}
	said, err := run(ctx, append(slices.Clone(c.repair), device)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(c.repaired, exit.ExitCode()) {
		if len(c.again) == 0 {
			return nil
		}
		said, err = run(ctx, append(slices.Clone(c.again), device)...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", c.repair[0], err, said)
	}
	return nil
}

// patience is how long a program may take to come to a point where it can stop: e2fsck does when it is asked to.
const patience = 10 * time.Second

// run runs a program and returns the gist of what it prints, which may be a line for each inode of a damaged file system.
func run(ctx context.Context, command ...string) (said string, err error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	var out ends
	cmd.Stdout, cmd.Stderr = &out, &out
	err = slack.Run(cmd)
	return gist(out.String()), err
}

// ends are the begin and the end of what was written: what was found first, and what came of it.
type ends struct{ begin, end []byte }

func (e *ends) Write(b []byte) (int, error) {
	const most = 4 << 10
	n := min(len(b), most-len(e.begin))
	e.begin = append(e.begin, b[:n]...)
	e.end = append(e.end, b[n:]...)
	e.end = append(e.end[:0], e.end[max(0, len(e.end)-most):]...)
	return len(b), nil
}

func (e *ends) String() string { return string(e.begin) + string(e.end) }

// gist is what the lines say, without what a terminal would act upon. Of many it is the first ones, which say what was
// found, and the last two, which say what came of it.
func gist(text string) string {
	const first, last = 8, 2
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
	if n := len(lines); n > first+last {
		lines = append(append(lines[:first:first], "..."), lines[n-last:]...)
	}
	for i, line := range lines {
		lines[i] = fmt.Sprintf("%.200s", strings.Map(func(r rune) rune {
			if r == '\t' {
				return ' '
			}
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				return '?'
			}
			return r
		}, strings.TrimSpace(line)))
	}
	return strings.Join(lines, "; ")
}
