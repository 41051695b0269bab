package boot

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"golang.org/x/term"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Attach starts the machine, which Options.Desk made one for a person, and joins ttyS0 to in and out until the guest ends.
// Where in is a terminal every key goes to the guest, Ctrl-C too; of what begins with Ctrl-A QEMU takes its part: Ctrl-A x ends it,
// Ctrl-A h shows more. There is no time limit but ctx's. A hint is shown once
// the guest has booted to its prompt: by then the kernel's messages have scrolled away
// whatever was printed before.
func (m *Machine) Attach(ctx context.Context, in *os.File, out io.Writer, hint string) (qemu.Exit, error) {
	if fd := int(in.Fd()); term.IsTerminal(fd) {
		state, err := term.MakeRaw(fd)
		if err != nil {
			return qemu.Exit{}, fmt.Errorf("preparing the terminal: %w", err)
		}
		defer term.Restore(fd, state)
	}
	g, err := qemu.Start(ctx, m.Config)
	if err != nil {
		return qemu.Exit{}, err
	}
	defer m.tell(g)
	console := g.Consoles()[0]
	stop := console.Tee(out)
	defer stop()
	if hint != "" {
		go showHint(ctx, g, console, out, hint)
	}
	// A read of a terminal cannot be called off: this goroutine ends with the process. The end of the input is no wish to leave: a
	// script may have typed all it had to.
	go func() { _, _ = io.Copy(console, in) }()
	select {
	case <-g.Exited():
		exit := g.Wait()
		if exit.Status != 0 {
			err = &qemu.StartError{Exit: exit, Command: m.Command()}
		}
		return exit, err
	case <-ctx.Done():
		return g.Kill(), ctx.Err()
	}
}

// loginPrompt is how getty's prompts end everywhere.
var loginPrompt = regexp.MustCompile(`[^\n]*login: $`)

// showHint writes the hint below the prompt, and the prompt again below it.
func showHint(ctx context.Context, g *qemu.Guest, console *qemu.Console, out io.Writer, hint string) {
	if g.Report().Until(ctx, func(s *report.State) bool { return s.Boot != nil }) != nil {
		return
	}
	if prompt, _, err := console.ExpectAfter(ctx, 0, loginPrompt); err == nil {
		lines := append(strings.Split(hint, "\n"), ports(console.Text())...)
		io.WriteString(out, "\r\n["+strings.Join(lines, "]\r\n[")+"]\r\n"+prompt[0])
	}
}

// opened is what QEMU says of a pseudo-terminal as it starts (char_pty_open in its chardev/char-pty.c).
var opened = regexp.MustCompile(`char device redirected to (\S+) \(label (ttyS\d)\)`)

// ports are the pseudo-terminals that a guest's further serial ports are.
func ports(said string) (lines []string) {
	for _, m := range opened.FindAllStringSubmatch(said, -1) {
		lines = append(lines, m[2]+" is "+m[1]+": screen "+m[1])
	}
	return lines
}
