// Command pgrep prints the numbers of processes that a pattern finds, and as pkill sends them a signal, as procps' do, which would
// bring a megabyte of libraries. It reads what the kernel tells below /proc (proc_pid_stat(5), proc_pid_cmdline(5)).
//
//	pgrep [-flaxnocv] [-u UID] [-P PID] PATTERN
//	pkill [-SIGNAL] [-fxnov] [-u UID] [-P PID] PATTERN
//
// The pattern is an extended regular expression for the name, with -f for the whole command line; -x: all of it; -n, -o: the
// newest, the oldest only; -v: all others; -l, -a: with name, with command line; -c: how many.
// Exit status: 0 found, 1 none, 2 wrong arguments.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	n, err := run(filepath.Base(os.Args[0]) == "pkill", os.Args[1:], "/proc", os.Getpid(), os.Stdout, syscall.Kill)
	switch {
	case errors.As(err, new(usageError)):
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
	}
	if n == 0 {
		os.Exit(1)
	}
}

type usageError struct{ error }

// query is what is looked for.
type query struct {
	on      map[rune]bool
	signal  syscall.Signal
	owner   string
	parent  int
	pattern *regexp.Regexp
}

func parse(kills bool, args []string) (q query, err error) {
	q = query{on: map[rune]bool{}, signal: syscall.SIGTERM, parent: -1}
	letters := "flaxnocv"
	if kills {
		letters = "fxnov"
	}
	bad := func(what string) error {
		return usageError{fmt.Errorf("%s; accepted: pgrep [-flaxnocv] [-u UID] [-P PID] PATTERN, pkill [-SIGNAL] [-fxnov] [-u UID] [-P PID] PATTERN", what)}
	}
	text := ""
	for i := 0; i < len(args); i++ {
		arg := args[i]
		option, given := strings.CutPrefix(arg, "-")
		switch number, err := strconv.Atoi(option); {
		case !given && text == "":
			text = arg
		case !given:
			return q, bad("only one pattern is looked for")
		case (option == "u" || option == "P") && i+1 == len(args):
			return q, bad(arg + " wants a value")
		case option == "u":
			i++
			q.owner = args[i]
		case option == "P":
			i++
			if q.parent, err = strconv.Atoi(args[i]); err != nil {
				return q, bad(args[i] + " is no process")
			}
		case kills && err == nil:
			q.signal = syscall.Signal(number)
		case kills && signal(option) != 0:
			q.signal = signal(option)
		case option == "" || strings.Trim(option, letters) != "":
			return q, bad(arg + " is not known")
		default:
			for _, letter := range option {
				q.on[letter] = true
			}
		}
	}
	if text == "" && q.owner == "" && q.parent < 0 {
		return q, bad("nothing is looked for")
	}
	if q.on['x'] {
		text = "^(?:" + text + ")$"
	}
	if q.pattern, err = regexp.Compile(text); err != nil {
		return q, usageError{err}
	}
	return q, nil
}

// signal is one by its name, with SIG in front or not.
func signal(name string) syscall.Signal {
	return unix.SignalNum("SIG" + strings.TrimPrefix(name, "SIG"))
}

// run prints or kills what is found, and says how many there are.
func run(kills bool, args []string, proc string, self int, out io.Writer, kill func(int, syscall.Signal) error) (n int, err error) {
	q, err := parse(kills, args)
	if err != nil {
		return 0, err
	}
	found := slices.DeleteFunc(processes(proc), func(p process) bool { return p.pid == self || q.finds(p) == q.on['v'] })
	if len(found) > 0 && q.on['n'] {
		found = found[len(found)-1:]
	}
	if len(found) > 0 && q.on['o'] {
		found = found[:1]
	}
	if q.on['c'] {
		fmt.Fprintln(out, len(found))
		return len(found), nil
	}
	for _, p := range found {
		switch {
		case kills:
			if failed := kill(p.pid, q.signal); failed != nil {
				err = errors.Join(err, fmt.Errorf("ending %d: %w", p.pid, failed))
			}
		case q.on['a']:
			fmt.Fprintln(out, p.pid, p.line)
		case q.on['l']:
			fmt.Fprintln(out, p.pid, p.name)
		default:
			fmt.Fprintln(out, p.pid)
		}
	}
	return len(found), err
}
