package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/imgbuild/imgbuild/internal/hashes"
	"github.com/imgbuild/imgbuild/internal/problem"
)

func (a *app) hashCommand() *cobra.Command {
	var smb, grub bool
	c := &cobra.Command{
		Use: "hash [USER]", Short: "Make the hash of a password, as a profile takes it",
		Long: `Asks for a password twice, without showing it, and prints the lines to paste into a
profile: [user.USER] password_hash, by default root's. With --smb it is the hash for
shares by SMB (nt_hash), with --grub the one for GRUB's menu (boot.password_hash). From
a pipe or a file it reads one line. The password itself is kept nowhere.`,
		Example: `  imgbuild hash
  imgbuild hash anna --smb
  pwgen 20 1 | tee password | imgbuild hash >> mybox.toml`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return usageError{fmt.Errorf("%s takes one account's name, got %d", c.CommandPath(), len(args))}
			case smb && grub:
				return usageError{errors.New("--smb and --grub ask for different hashes; accepted: one of them")}
			case grub && len(args) > 0:
				return usageError{errors.New("--grub is for the boot menu, which knows no accounts; accepted: without a name")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			user, key, make := "root", "password_hash", hashes.Login
			if len(args) > 0 {
				user = args[0]
			}
			table := problem.JoinKey("user", user)
			switch {
			case smb:
				key, make = "nt_hash", hashes.SMB
			case grub:
				table, make = "boot", hashes.GRUB
			}
			password, err := a.password(c.Context())
			if err != nil {
				return err
			}
			hash, err := make(password)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "[%s]\n%s = %q\n", table, key, hash)
			return err
		},
	}
	c.Flags().BoolVar(&smb, "smb", false, "make the hash for shares by SMB")
	c.Flags().BoolVar(&grub, "grub", false, "make the hash for GRUB's menu")
	c.ValidArgsFunction = cobra.NoFileCompletions
	return c
}

// password asks for one: twice at a terminal, one line elsewhere.
func (a *app) password(ctx context.Context) (string, error) {
	terminal, is := a.stdin.(*os.File)
	if !is || !term.IsTerminal(int(terminal.Fd())) {
		return passwordLine(a.stdin)
	}
	first, err := a.hidden(ctx, terminal, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := a.hidden(ctx, terminal, "Once more: ")
	if err == nil && first != again {
		err = errors.New("the two are not the same; nothing was hashed")
	}
	return first, err
}

// longest bounds a password, in bytes: what is longer is another file.
const longest = 1024

// passwordLine reads a file of one line.
func passwordLine(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, longest+2))
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	line, rest, _ := strings.Cut(string(text), "\n")
	line = strings.TrimSuffix(line, "\r")
	if rest != "" {
		return "", errors.New("reading the password: there is more than one line; accepted: the password, and a line's end")
	}
	return line, sound(line)
}

// sound refuses what nobody can type at a login.
func sound(password string) error {
	switch {
	case password == "":
		return errors.New("the password is empty; accepted: one or more characters")
	case len(password) > longest:
		return fmt.Errorf("the password is longer than %d bytes", longest)
	case strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("the password has a character in it that is none to be typed at a login; accepted: letters, digits, signs, blanks")
	}
	return nil
}

// hidden reads a line that the terminal does not show, from before it is asked for. Whoever breaks it off has the terminal as it was.
func (a *app) hidden(ctx context.Context, terminal *os.File, prompt string) (password string, err error) {
	fd := int(terminal.Fd())
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return "", fmt.Errorf("preparing the terminal: %w", err)
	}
	blind := *was
	blind.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &blind); err != nil {
		return "", fmt.Errorf("preparing the terminal: %w", err)
	}
	defer func() { err = errors.Join(err, unix.IoctlSetTermios(fd, unix.TCSETS, was)) }()
	fmt.Fprint(a.stderr, prompt)
	defer fmt.Fprintln(a.stderr)
	type line struct {
		text string
		err  error
	}
	came := make(chan line, 1)
	go func() { // which ends with the process where nobody types any more
		buf := make([]byte, longest+2) // a terminal gives a line at a time
		n, err := terminal.Read(buf)
		came <- line{strings.TrimSuffix(string(buf[:n]), "\n"), err}
	}()
	select {
	case l := <-came:
		if l.err != nil {
			return "", fmt.Errorf("reading the password: %w", l.err)
		}
		return l.text, sound(l.text)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
