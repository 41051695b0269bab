package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/imgbuild/imgbuild/internal/oom"
)

// launchOptions say what to run, as whom, and where its input and output go.
type launchOptions struct {
	account account
	// command goes to the account's shell; "" stands for a login shell. original is what the client asked for.
	command, original string
	terminal          *terminal // nil for pipes
	// sftp is, for an account in a jail, the program that serves it there.
	sftp string
	etc  string
	// groups is the directory of control groups; "" for none.
	groups      string
	environment []string
}

// searchPath is PATH of a session.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// launch starts the program in a session of its own, with the account's identity.
func launch(o launchOptions) (*program, error) {
	a := o.account
	cmd := &exec.Cmd{Path: a.shell, Args: shellArgs(a.shell, o.command), Env: variables(o), Dir: a.home,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	switch {
	case o.sftp != "":
		// As root: it leaves all but the directory behind, and then becomes the account.
		cmd.Path, cmd.Args, cmd.Dir = o.sftp, jailArgs(a), "/"
	case os.Geteuid() == 0:
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: a.groups}
	case os.Geteuid() != int(a.uid):
		return nil, fmt.Errorf("becoming %s: %w", a.name, syscall.EPERM)
	}
	group, err := openGroup(o.groups, a)
	if err != nil {
		return nil, err
	}
	if group != nil {
		defer group.Close()
		// From its birth on, so that nothing it starts is outside.
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(group.Fd())
	}
	p := &program{cmd: cmd, adjustment: oom.OfSession(int(a.uid))}
	if o.terminal != nil && o.command == "" {
		p.says.Out = greeting(o)
	}
	err = p.start(o.terminal)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		if cmd.Dir != "/" {
			// Rather no home than nobody who could mend it.
			p.says.Err = fmt.Sprintf("No home directory %s; starting in /.\r\n", a.home)
			p.cmd.Dir = "/"
			err = p.start(o.terminal)
		}
	}
	if errors.Is(err, syscall.EAGAIN) {
		// The client says no more than that its request failed.
		p.says.Err += fmt.Sprintf("%s has all the processes it may have.\r\n", a.name)
	}
	if err != nil {
		return nil, toldError{fmt.Errorf("starting %s: %w", cmd.Path, err), p.says}
	}
	return p, nil
}

// toldError is one of which the client is to read something.
type toldError struct {
	error
	says started
}

func (e toldError) Unwrap() error { return e.error }

// shellArgs are a shell's arguments. A hyphen before its name makes it a login shell (login(1)).
func shellArgs(shell, command string) []string {
	name := filepath.Base(shell)
	if command != "" {
		return []string{name, "-c", command}
	}
	return []string{"-" + name}
}

func variables(o launchOptions) []string {
	a := o.account
	env := append([]string{
		"HOME=" + a.home, "USER=" + a.name, "LOGNAME=" + a.name, "SHELL=" + a.shell, "PATH=" + searchPath,
	}, o.environment...)
	if o.original != o.command {
		env = append(env, "SSH_ORIGINAL_COMMAND="+o.original)
	}
	if t := o.terminal; t != nil {
		env = append(env, "TERM="+cmp.Or(t.kind, "vt220"), "SSH_TTY="+t.name)
	}
	// What a client sends may hold anything; a zero byte would keep the program from starting.
	return slices.DeleteFunc(env, func(v string) bool { return bytes.IndexByte([]byte(v), 0) >= 0 })
}

// greeting is /etc/motd, unless the person has asked for quiet (login(1)).
func greeting(o launchOptions) string {
	if _, err := os.Stat(filepath.Join(o.account.home, ".hushlogin")); err == nil {
		return ""
	}
	text, _ := os.ReadFile(filepath.Join(o.etc, "motd")) // none is no greeting
	return strings.ReplaceAll(string(text), "\n", "\r\n")
}
