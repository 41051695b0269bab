package publish

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/uinit/slack"
)

// Program is nft(8) in the image.
const Program = "/usr/sbin/nft"

// limit is for each use of it.
const limit = 20 * time.Second

// load brings rules into force, all or none of them.
func load(ctx context.Context, rules string) error {
	_, err := nft(ctx, rules, "-f", "-")
	return err
}

func nft(ctx context.Context, input string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, Program, args...)
	cmd.Env, cmd.Stdin, cmd.WaitDelay = []string{"LC_ALL=C"}, strings.NewReader(input), time.Second
	out, err := slack.CombinedOutput(cmd)
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("rules of containers: nft %s: %w: %s", args[0], err, first)
	}
	return string(out), nil
}
