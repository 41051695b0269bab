package boot

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/imgbuild/imgbuild/internal/qemu"
)

// Attach starts the machine and joins ttyS0 to in and out until the guest ends or
// the person leaves with Ctrl-A x, which ends the guest. Where in is a terminal every key
// goes to the guest, Ctrl-C too. There is no time limit but ctx's.
func (m *Machine) Attach(ctx context.Context, in *os.File, out io.Writer) (qemu.Exit, error) {
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
	console := g.Consoles()[0]
	stop := console.Tee(out)
	defer stop()
	left := make(chan struct{})
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
