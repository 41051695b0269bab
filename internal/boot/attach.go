package boot

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"

	"golang.org/x/term"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Attach starts the machine and joins ttyS0 to in and out until the guest ends or
// the person leaves with Ctrl-A x, which ends the guest. Where in is a terminal every key
// goes to the guest, Ctrl-C too. There is no time limit but ctx's. A hint is shown once
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
	left := make(chan struct{})
	if hint != "" {
		go showHint(ctx, g, console, out, hint)
	}
	go func() {
		// A read of a terminal cannot be called off: this goroutine ends with the process.
		if typeInto(g, console, in, out) {
			close(left)
		}
	}()
	select {
	case <-g.Exited():
		return g.Wait(), nil
	case <-left:
		return g.Kill(), nil
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
		io.WriteString(out, "\r\n["+hint+"]\r\n"+prompt[0])
	}
}

// typeInto copies what is typed to the console; true means that the person wants
// to leave. The end of the input is no such wish: a script may have typed all it had to.
func typeInto(g *qemu.Guest, console *qemu.Console, in io.Reader, out io.Writer) bool {
	var keys escapes
	buf := make([]byte, 256)
	for {
		n, err := in.Read(buf)
		for typed := buf[:n]; len(typed) > 0; {
			send, do, rest := keys.feed(typed)
			if _, err := console.Write(send); err != nil {
				return false
			}
			switch do {
			case leave:
				return true
			case showHelp:
				io.WriteString(out, help)
			case sendBreak:
				g.QMP(context.Background(), "chardev-send-break", map[string]string{"id": console.Name()})
			}
			typed = rest
		}
		if err != nil {
			return false
		}
	}
}
