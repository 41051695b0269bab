package console

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Choice is how a person lets a boot go on that was held by a key.
type Choice byte

// Choices.
const (
	Continue   Choice = 'c'
	NoServices Choice = 'n' // without services
)

// menuLimit is how long a menu waits for a key. A line with noise on it, or a device that
// talks, must not hold a boot for ever.
const menuLimit = time.Minute

// Menu holds a terminal until somebody chooses, or nobody does for a minute. What a person without the right to
// it must not do needs root's password, or a console that gives a shell to everybody; c is its
// row. waiting gives a line for each unit that the boot waits for.
func Menu(ctx context.Context, name string, c spec.Console, waiting func() []string) Choice {
	return menuOf(ctx, func() gettyResult { return runGetty(ctx, name, brief{Console: c, Menu: true}, waiting) })
}

func menuOf(ctx context.Context, getty func() gettyResult) Choice {
	for {
		r := getty()
		switch {
		case r.choice != 0:
			return r.choice
		case !r.inside || ctx.Err() != nil:
			return Continue
		}
		// Somebody left a shell: the menu again.
	}
}

const menuText = `
The boot is held.
  s  a root shell; leave it with exit to come back here
  w  show what is waiting
  c  continue
  n  continue without services
`

// menu is what getty does on the terminal of a held boot.
func (g getty) menu(l *login, way spec.Login) error {
	if err := l.term.set(asking(l.term.mode)); err != nil {
		return err
	}
	l.ask.show(menuText)
	for {
		l.ask.show("> ")
		key, err := l.ask.readByte(time.Now().Add(menuLimit))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			l.ask.show("nobody chose; the boot goes on\n")
			g.from.say(sayContinue)
			return err
		}
		if err != nil {
			return err
		}
		switch key {
		case 's', 'n':
			l.ask.show(string(key) + "\n")
			if err := l.admitted(way); errors.Is(err, ErrLocked) {
				continue
			} else if err != nil {
				return err
			}
			if key == 's' {
				g.from.inside()
				return l.become(root(g.etc))
			}
			g.from.say(sayNoServices)
			return errors.New("left")
		case 'w':
			b, err := g.from.brief(briefLimit)
			if err != nil {
				l.ask.show(fmt.Sprintf("w\n%v\n", err))
				continue
			}
			l.ask.show("w\n")
			for _, line := range b.Status {
				l.ask.show("  " + printable(line) + "\n")
			}
		case 'c':
			l.ask.show("c\n")
			g.from.say(sayContinue)
			return errors.New("left")
		default:
			l.ask.show("\n" + menuText[1:])
		}
	}
}

// admitted asks for root's password, unless this console gives a shell to everybody. That a rescue shell may need no
// password is for who starts the box, not for whoever passes by.
func (l *login) admitted(way spec.Login) error {
	if way == spec.LoginAutologin {
		return nil
	}
	return l.guarded(false)
}
