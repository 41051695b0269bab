package update

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/internal/shown"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/slack"
	"github.com/imgbuild/imgbuild/uinit/update/plan"
)

// result is what the prover says of a check.
type result struct {
	Name    string `json:"name"`
	Passed  bool   `json:"passed"`
	Message string `json:"message"`
	// Detail are lines that go with it, such as what a command printed.
	Detail []string `json:"detail"`
}

// String is what failed, in a line.
func (r result) String() string {
	text := "check." + r.Name + ": " + r.Message
	if len(r.Detail) > 0 {
		text += " " + shown.Line(strings.Join(r.Detail, "; "))
	}
	return text
}

// checks runs the checks that prove this image, and returns why it is not proved. It is where each of them has passed: a program that says
// nothing proves nothing, whatever its status.
func (u *updater) checks(life context.Context) error {
	wanted := proofRows(u.Machine.Image.Proof)
	if len(wanted) == 0 {
		return errors.New("it has no checks that prove it")
	}
	ctx, cancel := context.WithTimeout(life, limit(wanted, u.proverGrace))
	defer cancel()
	cmd := exec.CommandContext(ctx, u.prover, "-json")
	cmd.Env, cmd.Dir = feature.Environment(), "/"
	// A session of its own, by which "uinitctl security root" knows it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := slack.Start(cmd); err != nil {
		return fmt.Errorf("starting its checks: %w", err)
	}
	var first error
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var r result
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		if r.Passed {
			u.Log.Info("update: check." + r.Name + " passed")
			delete(wanted, r.Name)
			continue
		}
		failed := errors.New(r.String())
		u.Log.Error("update: " + failed.Error())
		if first == nil {
			first = failed
		}
	}
	err = cmd.Wait()
	switch {
	case first != nil:
		return first
	case ctx.Err() != nil && life.Err() == nil:
		return errors.New("its checks did not end")
	case err != nil:
		return fmt.Errorf("its checks: %w", err)
	case len(wanted) > 0:
		return fmt.Errorf("check.%s: /bin/%s says nothing of it", slices.Min(slices.Collect(maps.Keys(wanted))), plan.Prover)
	}
	return nil
}

// proofRow is what has to be known of a check here.
type proofRow struct {
	Within spec.Duration `json:"within"`
}

// proofRows are the checks that prove an image, by name; none where they cannot be read.
func proofRows(proof string) (rows map[string]proofRow) {
	if json.Unmarshal([]byte(proof), &rows) != nil {
		return nil
	}
	return rows
}

// limit is how long the checks may take at most, one after the other, and more for what they have to do besides.
func limit(rows map[string]proofRow, more time.Duration) time.Duration {
	total := more
	for _, row := range rows {
		total += time.Duration(row.Within)
	}
	return total
}
