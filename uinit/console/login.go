package console

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// login asks who is there and becomes that person's shell.
type login struct {
	term *terminal
	ask  prompter
	// etc is where passwd, shadow, group and motd are.
	etc string
	// terminalType is TERM.
	terminalType string
}

func newLogin(t *terminal, etc, terminalType string, p patience) *login {
	return &login{
		term: t, etc: etc, terminalType: terminalType,
		ask: prompter{Writer: t, readByte: t.readByte, patience: p},
	}
}

// session asks for a name, unless one is given, and a password, until they are right, and
// returns the account. It returns an error only when the terminal is of no more use, or after the given number of
// tries (0: none is the last).
func (l *login) session(name string, header func() string, tries int) (account, error) {
	if err := l.term.set(asking(l.term.mode)); err != nil {
		return account{}, err
	}
	failures := 0
	for tries == 0 || failures < tries {
		asked := name
		if asked == "" {
			var err error
			if asked, err = l.ask.name(header, hostname()+" login: "); err != nil {
				return account{}, err
			}
		}
		a, err := l.password("Password: ", failures+1, l.checkFor(asked))
		switch {
		case err == nil:
			return a, nil
		case errors.Is(err, errAborted):
			if name != "" {
				return account{}, err
			}
		case errors.Is(err, errTimeout):
			l.ask.show("\nNo password within " + l.ask.typing.String() + ".\n")
			failures++
		case errors.Is(err, errRefused):
			l.ask.show("Login incorrect\n")
			failures++
		default:
			return account{}, err
		}
	}
	return account{}, errRefused
}

// errRefused: wrong password, an account that is locked, or no such account; the person is not told which.
var errRefused = errors.New("login incorrect")

// password asks for a password, in an n-th attempt, and has it checked. A wrong one takes
// as long as the penalty says, whatever the reason.
func (l *login) password(prompt string, n int, check func([]byte) (account, error)) (account, error) {
	password, err := l.ask.secret(prompt)
	if err != nil {
		return account{}, err
	}
	defer clear(password)
	start := time.Now()
	a, err := check(password)
	if err == nil {
		return a, nil
	}
	time.Sleep(time.Until(start.Add(l.ask.penalty(n))))
	// What was typed meanwhile was not typed at a prompt; guesses must not queue up.
	l.term.forget()
	if !errors.Is(err, errRefused) {
		l.ask.show(err.Error() + "\n")
	}
	return account{}, errRefused
}

// checkFor checks the password of a named account.
func (l *login) checkFor(name string) func([]byte) (account, error) {
	return func(password []byte) (account, error) {
		rows, err := accounts(l.etc)
		if err != nil {
			return account{}, err
		}
		if a, ok := admit(rows, name, password); ok {
			return a, nil
		}
		return account{}, errRefused
	}
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" || name == "(none)" {
		return "localhost"
	}
	return printable(name)
}

// LoginMain is the program "login [NAME]": it asks on its own terminal and becomes the person's shell.
// It returns an exit status when there is no session to be had.
func LoginMain(args []string) int {
	name := ""
	for _, a := range args {
		if a != "--" && a != "-p" {
			name = a
		}
	}
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "login:", err)
		return 1
	}
	if os.Geteuid() != 0 {
		return fail(errors.New("only root may log people in; accepted: exec login from a root shell"))
	}
	// A description of our own, so that deadlines work and nobody else's reads stop blocking.
	path, err := os.Readlink("/proc/self/fd/0")
	if err != nil {
		return fail(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fail(fmt.Errorf("opening the terminal: %w", err))
	}
	t, err := newTerminal(f, terminalName(path))
	if err != nil {
		return fail(err)
	}
	before := t.mode
	l := newLogin(t, etcDir, os.Getenv("TERM"), usualPatience)
	a, err := l.session(name, func() string { return "" }, 3)
	if err == nil {
		err = l.become(a)
	}
	_ = t.set(before)
	return fail(err)
}
