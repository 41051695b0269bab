// Command su runs a shell, or a command, as another account. Root alone can become others: no program of an image has the
// set-user-ID bit, so there is no password to ask for.
//
//	su [-] [ACCOUNT] [-s SHELL] [-c COMMAND] [ARGUMENT...]
//
// Without an account it is root's. "-" (-l, --login) starts as a login does: in the account's home, with nothing of this environment.
package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/imgbuild/imgbuild/internal/passwd"
)

func main() {
	fmt.Fprintln(os.Stderr, "su:", run(os.Args[1:]))
	os.Exit(1)
}

// order is what is asked for.
type order struct {
	account, shell, command string
	login                   bool
	args                    []string
}

// parse takes options before and after the account, as Debian's su does.
func parse(args []string) (o order, err error) {
	named := false
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "-" || arg == "-l" || arg == "--login":
			o.login = true
		case (arg == "-c" || arg == "-s") && len(args) > 0:
			*map[string]*string{"-c": &o.command, "-s": &o.shell}[arg] = args[0]
			args = args[1:]
		case arg == "--":
			o.args, args = append(o.args, args...), nil
		case strings.HasPrefix(arg, "-"):
			return o, fmt.Errorf("%s is not known; accepted: su [-] [ACCOUNT] [-s SHELL] [-c COMMAND] [ARGUMENT...]", arg)
		case !named:
			o.account, named = arg, true
		default:
			o.args = append(o.args, arg)
		}
	}
	o.account = cmp.Or(o.account, "root")
	return o, nil
}

// run returns only errors.
func run(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	a, err := passwd.Find("/etc", o.account)
	if err != nil {
		return fmt.Errorf("%s: %w", o.account, err)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root becomes another account here, for no program has the set-user-ID bit; log in as %s, at a console or by SSH", o.account)
	}
	groups, _ := passwd.Groups("/etc", a) // without a file of groups there are none but the account's own
	if err := become(a, groups); err != nil {
		return fmt.Errorf("becoming %s: %w", o.account, err)
	}
	shell := cmp.Or(o.shell, a.Shell, "/bin/sh")
	if o.command != "" {
		o.args = append([]string{"-c", o.command}, o.args...)
	}
	environment := append(os.Environ(), "HOME="+a.Home, "SHELL="+shell)
	if a.UID != 0 || o.login {
		environment = append(environment, "USER="+a.Name, "LOGNAME="+a.Name)
	}
	if o.login {
		environment = []string{"HOME=" + a.Home, "SHELL=" + shell, "USER=" + a.Name, "LOGNAME=" + a.Name, "PATH=" + os.Getenv("PATH"), "TERM=" + os.Getenv("TERM")}
		if err := os.Chdir(a.Home); err != nil {
			fmt.Fprintf(os.Stderr, "su: no home directory: %v\n", err)
		}
	}
	return fmt.Errorf("starting %s: %w", shell, syscall.Exec(shell, append([]string{name(shell, o.login)}, o.args...), environment))
}

// become takes the account's identity for good, for all threads.
func become(a passwd.Account, groups []uint32) error {
	all := make([]int, len(groups))
	for i, gid := range groups {
		all[i] = int(gid)
	}
	if err := syscall.Setgroups(all); err != nil {
		return err
	}
	if err := syscall.Setgid(int(a.GID)); err != nil {
		return err
	}
	return syscall.Setuid(int(a.UID))
}

// name is what a shell is called by: with a hyphen it is a login's (login(1)).
func name(shell string, login bool) string {
	if !login {
		return shell
	}
	return "-" + filepath.Base(shell)
}
