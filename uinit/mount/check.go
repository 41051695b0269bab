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
	var end tail
	cmd.Stdout, cmd.Stderr = &end, &end
	err = slack.Run(cmd)
	return gist(string(end)), err
}

// tail is the end of what was written to it.
type tail []byte

func (t *tail) Write(b []byte) (int, error) {
	const most = 4 << 10
	*t = append(*t, b...)
	*t = append((*t)[:0], (*t)[max(0, len(*t)-most):]...)
	return len(b), nil
}

// gist is the first of some lines, which says what was wrong, and the last two, without what a terminal would act upon.
func gist(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if n := len(lines); n > 3 {
		lines = slices.Delete(lines, 1, n-2)
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
		}, line))
	}
	return strings.Join(lines, "; ")
}
