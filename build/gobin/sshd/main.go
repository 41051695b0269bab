// Command sshd lets people with a key of /etc/passwd's accounts in: shells with a terminal, commands, and
// files by scp and sftp. It stays in the foreground and logs to standard error.
//
//	sshd -key FILE [options]          serve
//	sshd -key FILE -make-key          make the host key unless it is there, print its fingerprint
//
// Options:
//
//	-listen ADDRESS   address and port, repeatable (default :22)
//	-without-root     root and its like do not log in here
//	-password         take passwords too, checked by -checker
//	-grace TIME       how long a client may take to log in (default 20s)
//	-pending N        clients that may be logging in at the same time (default 100)
//	-reserved NETWORK has as many places for itself, repeatable
//	-checker PROGRAM  run as "PROGRAM checkpassword NAME" with the password on standard input;
//	                  status 0 lets in (default /init)
//	-groups DIR       control groups for sessions lie there: admin/NAME of root, work/users/NAME of others
//	-sftp PROGRAM     serves the sftp subsystem, as the account (default /bin/sftp-server)
//	-sftp-only NAME=DIR
//	                  the account gets SFTP below DIR and nothing else, repeatable
//	-empty DIR        folder that is made, and stays empty: the root of the processes that speak with clients
//	                  (default /run/sshd)
//
// Files: /etc/passwd, /etc/group, HOME/.ssh/authorized_keys (sshd(8)), /etc/motd. Nothing is forwarded:
// no ports, no agent, no X11.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	// It starts itself so, for each client; see nursery.
	if slices.Equal(args, []string{"-speak"}) {
		if err := speak(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	s, makeKey, err := parseFlags(args)
	if err != nil {
		return 2 // the flag package has said why
	}
	if makeKey {
		err = showKey(s.keyFile)
	} else {
		err = s.main()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sshd:", err)
		return 1
	}
	return 0
}

func parseFlags(args []string) (s *server, makeKey bool, err error) {
	s = &server{etc: "/etc", log: log.New(os.Stderr, "", 0)}
	f := flag.NewFlagSet("sshd", flag.ContinueOnError)
	f.StringVar(&s.keyFile, "key", "", "host key")
	f.BoolVar(&makeKey, "make-key", false, "make the host key unless it is there, and print its fingerprint")
	f.Func("listen", "address and port (default :22)", func(a string) error {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return err
		}
		s.listen = append(s.listen, a)
		return nil
	})
	f.BoolVar(&s.withoutRoot, "without-root", false, "root and its like do not log in here")
	f.BoolVar(&s.passwords, "password", false, "take passwords too")
	f.StringVar(&s.checker, "checker", "/init", "program that checks passwords")
	f.DurationVar(&s.grace, "grace", 20*time.Second, "how long a client may take to log in")
	f.IntVar(&s.pending, "pending", 100, "clients that may be logging in at the same time")
	f.Func("reserved", "network that has as many places for itself", func(a string) error {
		p, err := netip.ParsePrefix(a)
		s.reserved = append(s.reserved, p)
		return err
	})
	f.StringVar(&s.groups, "groups", "", "directory of control groups for sessions")
	s.jails = map[string]string{}
	f.Func("sftp-only", "account that gets SFTP below a directory and nothing else: NAME=DIR", func(a string) error {
		name, dir, _ := strings.Cut(a, "=")
		if name == "" || !filepath.IsAbs(dir) {
			return errors.New("accepted: NAME=DIR, DIR from / on")
		}
		s.jails[name] = dir
		return nil
	})
	f.StringVar(&s.empty, "empty", "/run/sshd", "root of the processes that speak with clients")
	f.StringVar(&s.sftp, "sftp", "/bin/sftp-server", "program of the sftp subsystem")
	if err := f.Parse(args); err != nil {
		return nil, false, err
	}
	if f.NArg() > 0 || s.keyFile == "" {
		err = errors.New("accepted: sshd -key FILE [options]; see -help")
		fmt.Fprintln(f.Output(), "sshd:", err)
	}
	if len(s.listen) == 0 {
		s.listen = []string{":22"}
	}
	return s, makeKey, err
}

func showKey(file string) error {
	key, err := ensureKey(file)
	if err != nil {
		return err
	}
	fmt.Println(fingerprint(key.PublicKey()))
	return nil
}

// main serves until a signal asks it to end; then it hangs up.
func (s *server) main() error {
	key, err := readKey(s.keyFile)
	if err != nil {
		return err
	}
	unix.Umask(0o022)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	s.prepare(key)
	if err := s.speakers.prepare(); err != nil {
		return err
	}
	var all sync.WaitGroup
	var listeners []net.Listener
	for _, a := range s.listen {
		l, err := (&net.ListenConfig{Control: anyAddress}).Listen(ctx, "tcp", a)
		if err != nil {
			return fmt.Errorf("listening on %s: %w", a, err)
		}
		defer l.Close()
		listeners = append(listeners, l)
	}
	s.log.Printf("listening on %s, host key %s", strings.Join(s.listen, " "), fingerprint(key.PublicKey()))
	for _, l := range listeners {
		all.Go(func() { s.serve(ctx, l) })
	}
	all.Wait()
	return nil
}

// anyAddress lets a socket listen on an address that no interface has yet: sshd need not wait for the network.
func anyAddress(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_FREEBIND, 1) })
	return errors.Join(err, failed)
}
