package console

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// getty serves one terminal once: from the issue text to the person's shell.
type getty struct {
	host host
	etc  string
	name string
	from *asker
	patience
}

// briefLimit bounds the wait for uinit's words about itself.
const briefLimit = time.Second

// GettyMain is the program "getty NAME": it takes the terminal /dev/NAME over, shows who the
// machine is, asks for name and password, and becomes the person's shell. It is started by Serve and
// Rescue, which tell it the rest through a socket; started by hand it uses defaults. It returns an exit
// status when no session came of it.
func GettyMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: getty TERMINAL, such as ttyS0")
		return 2
	}
	g := getty{host: thisHost, etc: etcDir, name: terminalName(args[0]), from: openChannel(), patience: usualPatience}
	err := g.run()
	var absent *AbsentError
	if errors.As(err, &absent) {
		return exitAbsent
	}
	fmt.Fprintln(os.Stderr, "getty:", err)
	return 1
}

// exitAbsent is getty's exit status where the terminal does not exist.
const exitAbsent = 3

func (g getty) run() error {
	b, err := g.from.first(10 * briefLimit) // it is there already, unless a stranger started this
	if err != nil {
		b = brief{}
	}
	c := b.Console
	defaults.Fill(&c) // a rescue console may have no row
	t, err := g.host.seize(g.name)
	if err != nil {
		return err
	}
	speed := 0
	if !spec.Screen(g.name) {
		speed = lineSpeed(cmdline.Read(), g.name, c.Speed)
		if err := t.set(serialLine(t.mode, speed)); err != nil {
			return err
		}
	}
	l := newLogin(t, g.etc, cmp.Or(c.Term, defaultTerm(g.name)), g.patience)
	if b.Menu {
		return g.menu(l, c.Login)
	}
	if b.Rescue != nil {
		return g.rescue(l, *b.Rescue, b.Unguarded)
	}
	header := func() string {
		v := g.host.observe(g.name, speed)
		v.version = b.Version
		if b, err := g.from.brief(briefLimit); err == nil {
			v.status = b.Status
		}
		return v.issue(c.Issue)
	}
	a, err := g.admit(l, c.Login, header)
	if err != nil {
		return err
	}
	g.from.inside()
	return l.become(a)
}

// defaultTerm is TERM for a terminal: what a serial terminal or its emulation understands at least.
func defaultTerm(name string) string {
	if spec.Screen(name) {
		return "linux"
	}
	return "vt220"
}

// admit finds out whose session it will be.
func (g getty) admit(l *login, way spec.Login, header func() string) (account, error) {
	if way != spec.LoginAutologin {
		return l.session("", header, 0)
	}
	l.ask.show("\n" + header() + "\n")
	return root(g.etc), nil
}

// root is root's account, or what it must be where the files don't say.
func root(etc string) account {
	rows, _ := accounts(etc)
	if a, ok := rows["root"]; ok && a.uid == 0 {
		return a
	}
	return account{name: "root", home: "/root", shell: "/bin/sh"}
}
