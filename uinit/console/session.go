package console

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/passwd"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// become turns the process into the account's login shell on the terminal. It returns only errors; after
// one that follows the change of identity the process must end.
func (l *login) become(a account) error {
	shell, err := findShell(a)
	if err != nil {
		l.ask.show(err.Error() + "\n")
	}
	if shell == "" {
		return err
	}
	if err := l.handOver(a); err != nil {
		return err
	}
	if err := limit(a); err != nil {
		l.ask.show(err.Error() + "\n") // root's to see; nobody is kept out for it
	}
	groups, _ := passwd.Groups(l.etc, passwd.Account{Name: a.name, GID: uint32(a.gid)}) // without a file of groups there are none but the account's own
	if err := assume(a, groups); err != nil {
		return fmt.Errorf("becoming %s: %w", a.name, err)
	}
	if err := os.Chdir(a.home); err != nil {
		l.ask.show(fmt.Sprintf("No home directory: %v; starting in /.\n", err))
		a.home = "/"
		_ = os.Chdir("/")
	}
	l.motd(a.home)
	environment := []string{
		"HOME=" + a.home, "USER=" + a.name, "LOGNAME=" + a.name, "SHELL=" + shell,
		"PATH=" + spec.SearchPath, "TERM=" + cmp.Or(l.terminalType, "vt220"),
	}
	if err := l.stdio(); err != nil {
		return err
	}
	// The hyphen tells a shell that it is a login shell (login(1)).
	return fmt.Errorf("starting %s: %w", shell, syscall.Exec(shell, []string{"-" + filepath.Base(shell)}, environment))
}

// findShell returns the account's shell. A missing one is an error, with which root gets
// another shell all the same: somebody must be able to mend the machine.
func findShell(a account) (string, error) {
	shell := cmp.Or(a.shell, "/bin/sh")
	err := runnable(shell)
	if err == nil {
		return shell, nil
	}
	err = fmt.Errorf("the login shell of %s can't run: %w", a.name, err)
	if a.uid != 0 {
		return "", err
	}
	for _, other := range []string{"/bin/sh", "/bin/bash"} {
		if runnable(other) == nil {
			return other, fmt.Errorf("%w; starting %s instead", err, other)
		}
	}
	return "", fmt.Errorf("%w; this image has no other shell either", err)
}

func runnable(path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%q is not an absolute path", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is not a program", path)
	}
	return nil
}

// handOver gives the terminal to the account, in the modes that shells expect. Members of group
// tty may write to it, as wall(1) does.
func (l *login) handOver(a account) error {
	mode, group := os.FileMode(0o600), a.gid
	if tty, err := passwd.Group(l.etc, "tty"); err == nil {
		mode, group = 0o620, int(tty)
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(l.term.Chown(a.uid, group), l.term.Chmod(mode)); err != nil {
			return fmt.Errorf("giving terminal %s to %s: %w", l.term.name, a.name, err)
		}
	}
	// A serial line does not know how large the screen at its end is; programs take 0 by 0 badly.
	size, err := unix.IoctlGetWinsize(l.term.fd(), unix.TIOCGWINSZ)
	if err == nil && size.Row == 0 && size.Col == 0 {
		_ = unix.IoctlSetWinsize(l.term.fd(), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	return l.term.set(cooked(l.term.mode))
}

// limit makes the process part of the account's sessions, as far as the kernel is concerned with who takes too much:
// it is no door any more.
func limit(a account) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return errors.Join(cgroup.Enter(a.name, a.uid), oom.Set(oom.OfSession(a.uid)))
}

// assume takes the account's identity, for all threads.
func assume(a account, groups []uint32) error {
	if os.Geteuid() != 0 {
		if a.uid == os.Geteuid() {
			return nil
		}
		return unix.EPERM
	}
	all := make([]int, len(groups))
	for i, gid := range groups {
		all[i] = int(gid)
	}
	if err := syscall.Setgroups(all); err != nil {
		return err
	}
	if err := syscall.Setgid(a.gid); err != nil {
		return err
	}
	return syscall.Setuid(a.uid)
}

// motd shows /etc/motd, unless the person has asked for quiet (login(1)).
func (l *login) motd(home string) {
	if _, err := os.Stat(filepath.Join(home, ".hushlogin")); err == nil {
		return
	}
	if text, err := os.ReadFile(filepath.Join(l.etc, "motd")); err == nil && len(bytes.TrimSpace(text)) > 0 {
		_, _ = l.term.Write(text)
	}
}

// stdio makes the terminal standard input, output and error, blocking as programs expect it.
func (l *login) stdio() error {
	fd := l.term.fd()
	if err := unix.SetNonblock(fd, false); err != nil {
		return err
	}
	for to := range 3 {
		// Were fd one of the three, Dup3 would refuse and it would stay close-on-exec.
		if fd == to {
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
				return err
			}
			continue
		}
		if err := unix.Dup3(fd, to, 0); err != nil {
			return fmt.Errorf("opening standard input and output on %s: %w", l.term.name, err)
		}
	}
	return nil
}

func terminalName(path string) string { return strings.TrimPrefix(path, "/dev/") }
