package firewall

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// State is which rules are in force.
type State string

// States. With None nothing filters, and no interface may come up.
const (
	Loaded   State = "loaded"
	FellBack State = "fallback"
	None     State = "none"
)

// NFT brings rules into force, all or none of them.
type NFT interface {
	// File loads a file of the image.
	File(ctx context.Context, path string) error
	// Text loads rules.
	Text(ctx context.Context, rules string) error
}

// timeout is for each try: a name among the rules that wants the DNS must not hold the boot up.
const timeout = 20 * time.Second

// Load brings the machine's rules into force, or the fallback. The error tells why the rules in force
// are not the profile's; it does not say which are.
func Load(ctx context.Context, nft NFT, m *spec.Machine) (State, error) {
	failed := within(ctx, func(ctx context.Context) error { return nft.File(ctx, m.Firewall.Rules) })
	if failed == nil {
		return Loaded, nil
	}
	if err := within(ctx, func(ctx context.Context) error { return nft.Text(ctx, Fallback(m)) }); err != nil {
		return None, errors.Join(failed, fmt.Errorf("loading the rules that drop everything: %w", err))
	}
	return FellBack, failed
}

// Join is the command that adds an interface to a flow table that is there, in nft(8)'s language.
func Join(table, link string) string {
	return fmt.Sprintf("add flowtable %s { devices = { %q }; }\n", table, link)
}

func within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return do(ctx)
}

// Program is nft(8) in the image.
const Program = "/usr/sbin/nft"

// System runs Program.
type System struct{ Env []string }

// File loads a file.
func (s System) File(ctx context.Context, path string) error { return s.run(ctx, path, "") }

// Text loads rules from nft's standard input.
func (s System) Text(ctx context.Context, rules string) error { return s.run(ctx, "-", rules) }

func (s System) run(ctx context.Context, path, input string) error {
	cmd := exec.CommandContext(ctx, Program, "-f", path)
	var said bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.Env, strings.NewReader(input), &said, &said
	cmd.WaitDelay = time.Second
	err := slack.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("loading %s: nft did not end within %v", path, timeout)
	case said.Len() > 0:
		return &RulesError{Output: said.String()}
	}
	return fmt.Errorf("loading %s: %w", path, err)
}

// RulesError is what nft finds wrong.
type RulesError struct{ Output string }

// Problems are the lines that name a place and what is wrong there.
func (e *RulesError) Problems() (lines []string) {
	for line := range strings.Lines(e.Output) {
		if strings.Contains(line, ": Error: ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// Error is the first problem on one line; nft draws the place below it.
func (e *RulesError) Error() string {
	first, rest, _ := strings.Cut(strings.TrimSpace(e.Output), "\n")
	if more := strings.Count(rest, ": Error: "); more > 0 {
		first += fmt.Sprintf(" (and %d more)", more)
	}
	return first
}
