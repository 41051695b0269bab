// Command sftp-server serves the SFTP protocol, version 3 (draft-ietf-secsh-filexfer-02), on standard input
// and output, with the rights of whoever runs it. sshd starts it; scp(1) of OpenSSH 9 asks for it.
//
//	sftp-server                                             serve
//	sftp-server -below DIR -as UID:GID[,GID...] -home DIR   serve an account what is below a folder
//
// The second is for root alone: it makes the folder its root, becomes the account for good, and begins in its home
// where that lies below.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/pkg/sftp"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout)) }

func run(args []string, in io.Reader, out io.WriteCloser) int {
	f := flag.NewFlagSet("sftp-server", flag.ContinueOnError)
	below := f.String("below", "", "folder that becomes the root")
	as := f.String("as", "", "account that it becomes: UID:GID[,GID...]")
	home := f.String("home", "/", "the account's home")
	if f.Parse(args) != nil {
		return 2
	}
	var err error
	if *below != "" {
		err = enter(*below, *as, *home)
	}
	if err == nil {
		err = serve(in, out)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "sftp-server:", err)
		return 1
	}
	return 0
}

func serve(in io.Reader, out io.WriteCloser) error {
	s, err := sftp.NewServer(struct {
		io.Reader
		io.WriteCloser
	}{in, out})
	if err != nil {
		return err
	}
	return s.Serve()
}

// enter leaves all behind that is not below the folder, root's rights among it.
func enter(below, as, home string) error {
	uid, groups, err := parseAccount(as)
	if err != nil {
		return err
	}
	if err := errors.Join(syscall.Chroot(below), os.Chdir("/")); err != nil {
		return fmt.Errorf("making %s the root: %w", below, err)
	}
	if err := syscall.Setgroups(groups); err != nil {
		return fmt.Errorf("changing the account: %w", err)
	}
	if err := syscall.Setgid(groups[0]); err != nil {
		return fmt.Errorf("changing the account: %w", err)
	}
	if err := syscall.Setuid(uid); err != nil {
		return fmt.Errorf("changing the account: %w", err)
	}
	if inside, err := filepath.Rel(below, home); err == nil && filepath.IsLocal(inside) {
		_ = os.Chdir("/" + inside) // where it is not there, the root will do
	}
	return nil
}

// parseAccount reads UID:GID[,GID...]. The account is another than root.
func parseAccount(as string) (uid int, groups []int, err error) {
	user, list, _ := strings.Cut(as, ":")
	uid, err = number(user)
	for _, g := range strings.Split(list, ",") {
		n, failed := number(g)
		groups, err = append(groups, n), errors.Join(err, failed)
	}
	if err == nil && uid == 0 {
		err = errors.New("root would leave any root; accepted: another account")
	}
	return uid, groups, err
}

// number reads one as package passwd does.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err
}
