// Package netns works in the network namespace of other processes (network_namespaces(7)): a container's interfaces are set up from
// here, before its program runs.
package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/loopback"

	"github.com/imgbuild/imgbuild/uinit/thread"
)

// Namespace is a network namespace, with a netlink socket in it. As long as it is open the namespace is there, whatever becomes of the
// processes in it.
type Namespace struct {
	*netlink.Handle
	file *os.File
}

// Open takes a namespace by its file, /proc/PID/ns/net, which may be closed afterwards.
func Open(file *os.File) (*Namespace, error) {
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("keeping %s: %w", file.Name(), err)
	}
	n := &Namespace{file: os.NewFile(uintptr(fd), file.Name())}
	err = n.Do(func() (err error) {
		n.Handle, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		return err
	})
	if err != nil {
		n.file.Close()
		return nil, fmt.Errorf("entering the network of %s: %w", file.Name(), err)
	}
	return n, nil
}

// Close lets the namespace go.
func (n *Namespace) Close() {
	n.Handle.Close()
	n.file.Close()
}

// Do runs a function in the namespace: sockets that it opens, and files that it reads below /proc/sys/net, are those of there. It may take
// as long as it likes; other goroutines stay where they are.
func (n *Namespace) Do(f func() error) error {
	return thread.Alone(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering a network namespace: %w", err)
		}
		return f()
	})
}

// Whole reads a list of netlink's, again where changes have cut across it.
func Whole[T any](read func() (T, error)) (all T, err error) {
	const most = 10 // whatever changes so fast will be heard of again
	for range most {
		if all, err = read(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return all, err
}

// A Setting is one of the kernel's, by its place below /proc/sys/net (ip-sysctl).
type Setting struct{ Key, Value string }

// Set writes settings of the namespace, in their order. A kernel without IPv6 has nothing to be set there.
func (n *Namespace) Set(settings ...Setting) error {
	return n.Do(func() error {
		for _, s := range settings {
			err := os.WriteFile("/proc/sys/net/"+s.Key, []byte(s.Value+"\n"), 0)
			if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(s.Key, "ipv6/") {
				continue
			}
			if err != nil {
				return fmt.Errorf("setting %s to %s: %w", s.Key, s.Value, err)
			}
		}
		return nil
	})
}

// own are the settings of a network that is a container's own: it forwards nothing, and nobody on the wire gives it addresses or other ways.
// New interfaces begin with "default", which a namespace takes from the machine (net.core.devconf_inherit_init_net).
var own = []Setting{
	{"ipv4/ip_forward", "0"}, // first: it resets others
	{"ipv4/conf/all/accept_redirects", "0"}, {"ipv4/conf/default/accept_redirects", "0"},
	{"ipv4/conf/all/send_redirects", "0"}, {"ipv4/conf/default/send_redirects", "0"},
	{"ipv4/conf/all/accept_source_route", "0"}, {"ipv4/conf/default/accept_source_route", "0"},
	{"ipv6/conf/all/forwarding", "0"},
	{"ipv6/conf/all/accept_redirects", "0"}, {"ipv6/conf/default/accept_redirects", "0"},
	{"ipv6/conf/default/accept_ra", "0"}, {"ipv6/conf/default/autoconf", "0"},
}

// Prepare makes a new namespace ready for interfaces: its settings, and lo.
func (n *Namespace) Prepare() error {
	if err := n.Set(own...); err != nil {
		return err
	}
	return n.Do(loopback.Up)
}
