// Package beside starts programs beside the init: what speaks with strangers is neither linked into the init nor has its
// rights. Such a program works on what it is handed, open: sockets, files of the kernel, and a line to the init.
package beside

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// Program is what a program beside the init is handed at each start. The init keeps all of it, so that a socket outlives
// the program that serves it.
type Program struct {
	// Files are open in the program from number 3 on.
	Files []*os.File
	// Connects says that it makes connections of its own, in the network that its row leaves it.
	Connects bool
	// Feed, where given, works at the other end of the program's standard input, until the program is gone. It must not
	// trust what comes from there.
	Feed func(io.ReadWriter)
}

// Start starts a program without rights: an account of its own, whose number place tells from those of others', an empty
// root, none of the capabilities (supervise.Sandbox.Bare), and what else its row takes away or limits.
func (p *Program) Start(l supervise.Launcher, place int, name string, row spec.Service) (supervise.Process, error) {
	uid := uint32(spec.BesideUID + place)
	l.Bare, l.Account, l.Adjustment = true, &syscall.Credential{Uid: uid, Gid: uid}, oom.Session
	l.Environment, l.Files, l.Connects = environment(row), p.Files, p.Connects
	ours, theirs, err := line()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	defer theirs.Close()
	l.Input = theirs
	process, err := l.Start(name, row)
	if err != nil {
		ours.Close()
		return nil, err
	}
	go func() {
		defer ours.Close()
		if p.Feed != nil {
			p.Feed(ours)
		}
		_, _ = io.Copy(io.Discard, ours)
	}()
	return process, nil
}

// environment tells Go's runtime what the row allows: it collects garbage before it is ended for want of memory, and makes
// no thread for each processor of a large machine.
func environment(row spec.Service) []string {
	return []string{"GOMAXPROCS=2", "GOMEMLIMIT=" + strconv.FormatInt(int64(row.Memory)/4*3, 10)}
}

// line is a pair of sockets, connected with each other.
func line() (ours, theirs *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(pair[0]), "line"), os.NewFile(uintptr(pair[1]), "line"), nil
}
