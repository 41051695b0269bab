package supervise

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/passwd"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// Launcher starts services as processes of this machine.
type Launcher struct {
	// Group is the directory of the service's control group, which is its own; "" where there is no cgroup2.
	Group string
	// Adjustment says how soon the OOM killer takes the service (package oom).
	Adjustment int
	// Environment is what services start from.
	Environment []string
	// Output takes a service's lines.
	Output func(name, line string)
	// Sandboxed is the command that gets a service into its namespaces: its arguments are what
	// Sandbox.String returns and the service's own command. See Sandbox.
	Sandboxed []string
	// Input is the service's standard input; nil: it has nothing to read.
	Input *os.File
	// Files are open in the service, from number 3 on.
	Files []*os.File
	// Bare leaves it nothing else (Sandbox.Bare). It needs an Account.
	Bare bool
	// Connects lets it make connections, where it is Bare.
	Connects bool
	// Account, where given, is who the service runs as, in place of its row's user.
	Account *syscall.Credential
}

// Start starts a service in a session and, where possible, a control group of its own.
func (l Launcher) Start(name string, cfg spec.Service) (Process, error) {
	if len(cfg.Command) == 0 {
		return nil, errors.New("no command")
	}
	// What starts it tells only that it ended where there is no such program.
	if err := unix.Access(cfg.Command[0], unix.X_OK); err != nil {
		return nil, &os.PathError{Op: "starting", Path: cfg.Command[0], Err: err}
	}
	attr := &syscall.SysProcAttr{Setsid: true}
	var env []string
	if attr.Credential = l.Account; l.Account == nil {
		var err error
		if env, err = identity(attr, cfg.User); err != nil {
			return nil, err
		}
	}
	command := cfg.Command
	confined := rights(cfg)
	if l.Bare {
		confined = nil
	}
	if len(cfg.Namespaces) > 0 || confined != nil || l.Bare {
		e := sandbox(attr, cfg.Namespaces, confined)
		if l.Bare {
			attr.Cloneflags |= unix.CLONE_NEWNS
			e.Mounts, e.Bare, e.Files, e.Connects = true, true, len(l.Files), l.Connects
		}
		command = slices.Concat(l.Sandboxed, []string{e.String()}, cfg.Command)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	run := func() (*exec.Cmd, error) {
		cmd := &exec.Cmd{
			Path: command[0], Args: command, Dir: "/",
			Env: environment(slices.Concat(l.Environment, env), cfg.Environment),
			// Files, not writers: Wait must not wait for grandchildren that keep them open.
			Stdout: write, Stderr: write, ExtraFiles: l.Files, SysProcAttr: attr,
		}
		if l.Input != nil {
			cmd.Stdin = l.Input
		}
		return cmd, slack.StartAs(cmd, l.Adjustment)
	}
	cgroup.Kill(l.Group) // what a worker that crashed has left
	group, _ := os.Open(l.Group)
	if group != nil {
		defer group.Close()
		attr.UseCgroupFD, attr.CgroupFD = true, int(group.Fd())
	}
	cmd, err := run()
	// A kernel that can't start it there must not keep a service from running, but a limit that is reached may.
	if err != nil && group != nil && !errors.Is(err, unix.EAGAIN) {
		attr.UseCgroupFD, group = false, nil
		cmd, err = run()
	}
	if err != nil {
		read.Close()
		return nil, err
	}
	go l.copy(name, read)
	p := &process{cmd: cmd, within: attr.Cloneflags&unix.CLONE_NEWPID != 0}
	if group != nil {
		p.group = group.Name()
	}
	return p, nil
}

// etcDir is where a machine has its accounts.
const etcDir = "/etc"

// identity sets the account to run as and returns its variables.
func identity(attr *syscall.SysProcAttr, name string) ([]string, error) {
	if name == "" || name == "root" {
		return []string{"HOME=/root", "USER=root", "LOGNAME=root"}, nil
	}
	a, err := passwd.Find(etcDir, name)
	if err != nil {
		return nil, fmt.Errorf("looking up account %s: %w", name, err)
	}
	groups, err := passwd.Groups(etcDir, a) // of which a service may need any
	if err != nil {
		return nil, fmt.Errorf("looking up groups of %s: %w", name, err)
	}
	attr.Credential = &syscall.Credential{Uid: a.UID, Gid: a.GID, Groups: groups}
	return []string{"HOME=" + a.Home, "USER=" + name, "LOGNAME=" + name}, nil
}

// environment adds a row's variables, sorted; os/exec takes the last of each name.
func environment(base []string, extra map[string]string) []string {
	var own []string
	for name, value := range extra {
		own = append(own, name+"="+value)
	}
	slices.Sort(own)
	return append(base, own...)
}

// copy hands over what the service says, line by line, until nothing holds the pipe any more.
func (l Launcher) copy(name string, r io.ReadCloser) {
	defer r.Close()
	lines := bufio.NewReaderSize(r, 1024)
	for {
		// A longer line is cut into several; prefix or not makes no difference here.
		line, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		l.Output(name, string(line))
	}
}

type process struct {
	cmd   *exec.Cmd
	group string
	// within: it is the first of its own process namespace, and the service is its child.
	within bool
}

func (p *process) Wait() Exit {
	err := p.cmd.Wait()
	state := p.cmd.ProcessState
	if state == nil {
		return Exit{Err: err}
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return Exit{Signal: ws.Signal()}
	}
	return Exit{Code: state.ExitCode()}
}

func (p *process) Signal(s syscall.Signal) error { return syscall.Kill(-p.cmd.Process.Pid, s) }

func (p *process) Kill() {
	// The group's number may be given to others only when nothing of it is left, and then
	// there is a cgroup to ask; without one the process group is what there is.
	_ = syscall.Kill(-p.cmd.Process.Pid, unix.SIGKILL)
	cgroup.Kill(p.group)
}

func (p *process) Blocked() string {
	pid := p.cmd.Process.Pid
	if p.within {
		pid = firstChild("/proc", pid)
	}
	return Blocked(pid)
}
