package mount

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/slack"
)

// checkers repair what needs no decision. XFS and Btrfs have none: mounting replays their logs.
var checkers = map[string][]string{
	"ext4": {"/sbin/e2fsck", "-p"},
	"vfat": {"/sbin/fsck.fat", "-a"},
}

// preen checks a file system that is not mounted. The error says that it needs a person: it is better not
// mounted than mounted and made worse.
func preen(ctx context.Context, kind, device string) error {
	command := checkers[kind]
	if command == nil {
		return nil
	}
	out, err := slack.CombinedOutput(exec.CommandContext(ctx, command[0], append(command[1:len(command):len(command)], device)...))
	var exit *exec.ExitError
	// fsck(8): 1 is repaired, 2 asks for a reboot where it was the root file system.
	if errors.As(err, &exit) && exit.ExitCode() > 0 && exit.ExitCode() < 4 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, lastLines(string(out), 3))
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
