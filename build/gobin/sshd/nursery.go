package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// nursery starts speakers. They are born without rights: a thread that has given them up for good starts them all, and a program
// has what the thread has that started it. Two would not do, in which a program gives up its own: Go makes threads before it
// can, and some rights are a thread's.
type nursery struct {
	// empty is a folder that stays so: the speakers' root.
	empty string
	// program is the server's own; it has no libraries, for the empty root has none.
	program string

	once   sync.Once
	orders chan order
	null   *os.File
	failed error

	// spare waits for the next client, who need not wait for it then.
	mu    sync.Mutex
	spare *child
}

type order struct {
	files []*os.File
	born  chan<- birth
}

type birth struct {
	process *os.Process
	err     error
}

// firstUID is that of the first speaker. Accounts' numbers have 31 bits (package passwd), so it and those after it are nobody's; each
// speaker has its own, and so none can do anything to another.
const firstUID = 1 << 31

// startNice is the priority of a start (nice(2)), about a tenth of the usual: it gives way to those who are served.
const startNice = 10

// root says whether there is anything to give up; in a test there may not be.
func root() bool { return os.Geteuid() == 0 }

// prepare has the thread ready, and makes the empty folder where it is not there.
func (n *nursery) prepare() error {
	n.once.Do(func() {
		if n.failed = n.room(); n.failed != nil {
			return
		}
		if n.null, n.failed = os.OpenFile("/dev/null", os.O_RDWR, 0); n.failed != nil {
			return
		}
		n.orders = make(chan order)
		ready := make(chan error)
		go n.work(ready)
		n.failed = <-ready
	})
	return n.failed
}

// room sees to it that nobody but root can put anything into the folder, and that nobody has.
func (n *nursery) room() error {
	if !root() {
		return nil
	}
	if err := bounded.Make(n.empty, 0o755); err != nil {
		return err
	}
	f, err := bounded.Folder(n.empty)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := (account{}).owns(f); err != nil {
		return err
	}
	if names, err := f.Readdirnames(1); err == nil {
		return fmt.Errorf("%s is to be the root of those who speak with clients, but is not empty: %q lies in it", n.empty, names[0])
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// work is the thread. It is never the first one of the process: that one's rights are what others see as the process's.
func (n *nursery) work(ready chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		go n.work(ready)
		select {}
	}
	err := n.renounce()
	ready <- err
	for next := uint32(firstUID); err == nil; next = firstUID + (next+1-firstUID)%(1<<30) {
		o := <-n.orders
		p, err := n.start(next, o.files)
		o.born <- birth{p, err}
	}
}

// renounce gives up what this thread, and whatever it starts, is to be without. It keeps what changing the account takes: that does
// not outlast the change.
func (n *nursery) renounce() error {
	if root() {
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return fmt.Errorf("parting with the other threads' root: %w", err)
		}
		// The program lies outside of the empty root. The folder one is in stays where it is (chroot(2)), and from there it can be
		// found; the program leaves it at once.
		if err := errors.Join(unix.Chdir("/"), unix.Chroot(n.empty)); err != nil {
			return fmt.Errorf("emptying the root: %w", err)
		}
		if err := dropBounds(); err != nil {
			return fmt.Errorf("giving up capabilities: %w", err)
		}
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, startNice); err != nil { // this thread's, and so a child's
			return fmt.Errorf("giving up priority: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("giving up new rights: %w", err)
	}
	return nil
}

// dropBounds keeps capabilities away for good, also those that a file would give or that could be inherited (capabilities(7)).
func dropBounds() error {
	for c := uintptr(0); ; c++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if errors.Is(err, unix.EINVAL) && c > unix.CAP_SETPCAP { // the kernel knows no more of them
			break
		}
		if err != nil {
			return err
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var held [2]unix.CapUserData
	if err := unix.Capget(&header, &held[0]); err != nil {
		return err
	}
	held[0].Inheritable, held[1].Inheritable = 0, 0
	return unix.Capset(&header, &held[0])
}

func (n *nursery) start(uid uint32, files []*os.File) (*os.Process, error) {
	program := n.program
	sys := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	if root() {
		program = program[1:]
		sys.Credential = &syscall.Credential{Uid: uid, Gid: uid}
	}
	// No more threads than can run: another would look for work in the client's time.
	threads := "GOMAXPROCS=" + strconv.Itoa(min(2, runtime.NumCPU()))
	return os.StartProcess(program, []string{"sshd", "-speak"}, &os.ProcAttr{Files: files, Sys: sys, Env: []string{threads, "GOTRACEBACK=single"}})
}
