package console

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// Serve keeps a login on /dev/NAME until ctx ends, starting it anew each time somebody leaves. It returns
// an *AbsentError when this box has no such terminal, and nil at once when the row
// says that nobody logs in there. The issue text says the image's version; status gives lines for the issue text, such as the units
// that failed; it is called often and must not block.
//
// Each login is a child process of the running program, as "getty NAME", in a session of its own.
func Serve(ctx context.Context, name string, c spec.Console, version string, status func() []string) error {
	if c.Login == spec.LoginOff {
		return nil
	}
	if !thisHost.present(name) {
		return &AbsentError{Name: name}
	}
	respawn(ctx, usualPace, func() {
		_ = runGetty(ctx, name, brief{Console: c, Version: version}, status)
	})
	return nil
}

// pace is how often something that ends is started again.
type pace struct {
	// healthy is how long it must have run to be started again at once.
	healthy time.Duration
	// first is the pause after it ended sooner; each further time doubles it, up to most.
	first, most time.Duration
}

var usualPace = pace{healthy: 10 * time.Second, first: time.Second, most: 30 * time.Second}

// respawn calls run again and again until ctx ends.
func respawn(ctx context.Context, p pace, run func()) {
	pause := p.first
	for ctx.Err() == nil {
		start := time.Now()
		run()
		if time.Since(start) >= p.healthy {
			pause = p.first
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, p.most)
	}
}

// leaveTime is how long a session may take to end when asked to by a hang-up.
const leaveTime = 2 * time.Second

// runGetty runs one login to its end, or what else b says. What it shows of the machine's status it asks for.
func runGetty(ctx context.Context, name string, b brief, status func() []string) gettyResult {
	ours, theirs, err := channel()
	if err != nil {
		return gettyResult{err: err}
	}
	defer ours.Close()
	if err := tell(ours, b); err != nil {
		theirs.Close()
		return gettyResult{err: err}
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "getty", name)
	cmd.Args[0] = "uinit"
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGHUP) }
	cmd.WaitDelay = leaveTime
	err = slack.StartAs(cmd, oom.Door)
	theirs.Close()
	if err != nil {
		return gettyResult{err: err}
	}
	inside, choice := converse(ours, func() brief { b.Status = status(); return b })
	return gettyResult{inside: inside, choice: choice, err: cmd.Wait()}
}

// gettyResult is how a login ended.
type gettyResult struct {
	// inside: there was a session.
	inside bool
	// choice is what a menu was left with; 0 for none.
	choice Choice
	// err is why getty could not start, or its exit status, or the shell's.
	err error
}
