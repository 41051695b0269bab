package console

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Rescue offers a root shell on each of the kernel's consoles, says why, and returns 0 when the person
// leaves the shell on one of them; the others end then. Where /etc/shadow has a
// password for root it is asked for, and there is no way past it. It returns 1 at once when no console of
// this box can be used.
func Rescue(reason string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if rescueOn(ctx, cancel, thisHost.kernelConsoles(), func(name string) gettyResult {
		return runGetty(ctx, name, func() brief { return brief{Rescue: &reason} })
	}) {
		return 0
	}
	return 1
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
func (g getty) rescue(l *login, reason string) error {
	a := root(g.etc)
	if err := l.term.set(asking(l.term.mode)); err != nil {
		return err
	}
	l.ask.show("\n" + printable(reason) + "\n\nThis is a rescue shell: dmesg shows the kernel's and uinit's log.\nLeave it with exit to go on.\n\n")
	l.ask.typing = 0 // for as long as it takes
	if err := l.rootPassword(); err != nil {
		return err
	}
	g.from.inside()
	return l.become(a)
}

// triesInARow is how many wrong passwords are answered with a pause that grows, before it starts small again.
const triesInARow = 3

// rootPassword asks until root's password is right, if root has one. It does not need /etc/passwd: what
// is broken may be just that.
func (l *login) rootPassword() error {
	rows, err := shadow(l.etc)
	if err == nil && (account{hash: rows["root"]}).locked() {
		return nil
	}
	check := func(password []byte) (account, error) {
		// A file that can't be read may hold a password.
		rows, err := shadow(l.etc)
		if err == nil && !verify(rows["root"], password) {
			err = errRefused
		}
		return account{}, err
	}
	for n := 0; ; n++ {
		_, err := l.password("Password of root: ", n%triesInARow+1, check)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errRefused):
			l.ask.show("Login incorrect\n")
		case !errors.Is(err, errAborted):
			return err
		}
	}
}
