package console

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Rescue offers a root shell on each of the kernel's consoles, says why, and returns nil when the person
// leaves the shell on one of them; the others end then. Where root has a password it is asked for, and there is no way
// past it; where root has none there is a shell only with unguarded (spec.Access.RescueWithoutPassword), and else the
// error is ErrLocked, at once, as sulogin(8) has it. Another error says that no console of this box can be used.
func Rescue(reason string, unguarded bool) error {
	if _, err := guard(etcDir, unguarded); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !rescueOn(ctx, cancel, thisHost.kernelConsoles(), func(name string) gettyResult {
		return runGetty(ctx, name, brief{Rescue: &reason, Unguarded: unguarded}, func() []string { return nil })
	}) {
		return errors.New("none of the kernel's consoles can be used")
	}
	return nil
}

// rescueOn runs a shell on every console, ends all when one was left, and says whether one was.
func rescueOn(ctx context.Context, end func(), names []string, run func(string) gettyResult) bool {
	var consoles sync.WaitGroup
	left := make(chan struct{}, len(names))
	for _, name := range names {
		consoles.Go(func() {
			if run(name).inside && ctx.Err() == nil {
				left <- struct{}{}
				end()
			}
		})
	}
	consoles.Wait()
	return len(left) > 0
}

// kernelConsoles are the terminals that the kernel line names with console=, of those that exist
// (Documentation/ABI/testing/sysfs-tty). tty0 is whichever screen is in front.
func (h host) kernelConsoles() []string {
	var names []string
	for _, name := range strings.Fields(h.sysText("class/tty/console/active")) {
		if name == "tty0" {
			name = strings.TrimSpace(h.sysText("class/tty/tty0/active"))
		}
		if name != "" && h.present(name) {
			names = append(names, name)
		}
	}
	return names
}

func (h host) sysText(path string) string {
	b, _ := os.ReadFile(filepath.Join(h.sys, path))
	return string(b)
}

// rescue is what getty does on a rescue console.
func (g getty) rescue(l *login, reason string, unguarded bool) error {
	a := root(g.etc)
	if err := l.term.set(asking(l.term.mode)); err != nil {
		return err
	}
	l.ask.show("\n" + printable(reason) + "\n\nThis is a rescue shell: dmesg shows the kernel's and uinit's log.\nLeave it with exit to go on.\n\n")
	l.ask.typing = 0 // for as long as it takes
	if err := l.guarded(unguarded); err != nil {
		return err
	}
	g.from.inside()
	return l.become(a)
}
