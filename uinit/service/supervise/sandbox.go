package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Sandbox is what is left to do in new namespaces before a service can start there. A program of
// uinit's does it: between fork and exec there is no room for it.
type Sandbox struct {
	// Mounts keeps the namespace's mounts to itself; Tmp gives it an empty /tmp, Proc a /proc of its
	// processes.
	Mounts, Tmp, Proc bool
	// Loopback: lo is down in a new network.
	Loopback bool
	// Bare leaves the service nothing but the files that it was handed: an empty root, no capabilities, no way to get any.
	// These files are Files, from number 3 on.
	Bare  bool
	Files int
	// Connects lets a bare service make connections of its own, in the network that it has.
	Connects bool
	// Confined is what a service may do that is confined; nil: all that its account may.
	Confined *Rights
	// Watch: the namespaces are made and the rights given up, and this is to be the first of the service's processes.
	Watch bool
	// Account is who the service runs as; nil is root. Mounting needs root.
	Account *syscall.Credential
}

// Sandboxed is how the init starts Run. It is not called init: in a process namespace it is number 1 too, and would boot the machine
// once more.
func Sandboxed() []string { return []string{"/usr/bin/uinit", "sandbox"} }

// sandbox asks for new namespaces in attr and returns what is left to do in them.
func sandbox(attr *syscall.SysProcAttr, namespaces []spec.Namespace, confined *Rights) Sandbox {
	e := Sandbox{Confined: confined, Mounts: confined.apart()}
	e.Tmp = e.Mounts && !slices.Contains(confined.Writable, "/tmp")
	for _, n := range namespaces {
		switch n {
		case spec.NamespaceMount:
			e.Tmp = e.Tmp || confined == nil
			e.Mounts = true
		case spec.NamespacePID:
			attr.Cloneflags |= unix.CLONE_NEWPID
			e.Mounts, e.Proc = true, true
		case spec.NamespaceNet:
			attr.Cloneflags |= unix.CLONE_NEWNET
			e.Loopback = true
		case spec.NamespaceUTS:
			attr.Cloneflags |= unix.CLONE_NEWUTS
		case spec.NamespaceIPC:
			attr.Cloneflags |= unix.CLONE_NEWIPC
		}
	}
	if e.Mounts {
		attr.Cloneflags |= unix.CLONE_NEWNS
	}
	e.Account, attr.Credential = attr.Credential, nil
	return e
}

// String is the sandbox as an argument that ParseSandbox reads.
func (e Sandbox) String() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(b)
}

// ParseSandbox reads what String wrote.
func ParseSandbox(s string) (e Sandbox, err error) {
	if err = json.Unmarshal([]byte(s), &e); err != nil {
		err = fmt.Errorf("reading the sandbox %q: %w", s, err)
	}
	return e, err
}

// Run makes the namespaces fit to live in, takes the service's rights away and becomes it. With processes of its own it stays
// beside the service and returns the service's exit status, 128 and more for a signal.
func (e Sandbox) Run(command []string) (status int, err error) {
	if e.Watch {
		return watchOver(command, nil)
	}
	if err := e.mount(); err != nil {
		return 0, err
	}
	switch {
	case e.Bare:
		return 0, e.bare(command)
	case e.Confined != nil:
		if err := e.confine(); err != nil {
			return 0, err
		}
		if e.Proc { // a program of which no thread has more rights than the service
			return 0, fmt.Errorf("starting again: %w", syscall.Exec("/proc/self/exe", slices.Concat(os.Args[:2], []string{Sandbox{Watch: true}.String()}, command), os.Environ()))
		}
	case e.Proc:
		return watchOver(command, e.Account)
	default:
		if err := e.become(); err != nil {
			return 0, fmt.Errorf("changing the account: %w", err)
		}
	}
	return 0, fmt.Errorf("starting %s: %w", command[0], syscall.Exec(command[0], command, os.Environ()))
}

// become changes the account for good.
func (e Sandbox) become() error {
	a := e.Account
	if a == nil {
		return nil
	}
	groups := make([]int, len(a.Groups))
	for i, g := range a.Groups {
		groups[i] = int(g)
	}
	return errors.Join(syscall.Setgroups(groups), syscall.Setgid(int(a.Gid)), syscall.Setuid(int(a.Uid)))
}

func (e Sandbox) mount() error {
	const plain = unix.MS_NOSUID | unix.MS_NODEV
	if e.Mounts { // what the machine mounts and unmounts later is so here, too
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
			return fmt.Errorf("keeping mounts apart: %w", err)
		}
	}
	if e.Proc {
		if err := unix.Mount("proc", "/proc", "proc", plain|unix.MS_NOEXEC, ""); err != nil {
			return fmt.Errorf("mounting /proc: %w", err)
		}
	}
	if e.Confined.apart() {
		if err := e.enclose(); err != nil {
			return err
		}
	}
	if e.Tmp {
		if err := unix.Mount("tmpfs", "/tmp", "tmpfs", plain, "mode=1777"); err != nil {
			return fmt.Errorf("mounting /tmp: %w", err)
		}
	}
	return nil
}

// watchOver is the init of a process namespace: the kernel keeps signals from a first process that has
// no handler for them, and gives it the orphans (pid_namespaces(7)). The service is its child, in the
// same group, so signals to the group reach it.
func watchOver(command []string, account *syscall.Credential) (int, error) {
	signal.Notify(make(chan os.Signal, 1)) // stay until the service has gone
	pid, err := syscall.ForkExec(command[0], command, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Credential: account},
	})
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", command[0], err)
	}
	for {
		var ws syscall.WaitStatus
		switch got, err := syscall.Wait4(-1, &ws, 0, nil); {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, fmt.Errorf("waiting for %s: %w", command[0], err)
		case got == pid && ws.Signaled():
			return 128 + int(ws.Signal()), nil
		case got == pid && ws.Exited():
			return ws.ExitStatus(), nil
		}
	}
}
