package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/oom"
)

// program is what runs in a session.
type program struct {
	cmd *exec.Cmd
	// adjustment is how soon the OOM killer takes it.
	adjustment int
	// says is what the client is to read first.
	says started

	// streams are for the speaker; see started. end is where its outcome goes.
	streams []*os.File
	end     *os.File
	exited  chan struct{}
}

// start runs the program on the terminal, or on pipes where there is none.
func (p *program) start(t *terminal) (err error) {
	p.exited = make(chan struct{})
	var theirs []*os.File
	defer func() {
		closeAll(theirs)
		if err != nil {
			closeAll(append(p.streams, p.end))
			p.streams, p.end = nil, nil
			p.cmd = again(p.cmd)
		}
	}()
	if t != nil {
		p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = t.slave, t.slave, t.slave
		p.cmd.SysProcAttr.Setctty = true
	} else {
		for i := range 3 {
			r, w, err := os.Pipe()
			if err != nil {
				return err
			}
			if i == 0 {
				r, w = w, r
			}
			p.streams, theirs = append(p.streams, r), append(theirs, w)
		}
		p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs[0], theirs[1], theirs[2]
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	p.streams, p.end = append(p.streams, r), w
	if err := oom.Start(p.cmd, p.adjustment); err != nil {
		return err
	}
	if t != nil {
		// While we hold this end, reading the other would not find the end of the output.
		t.slave.Close()
	}
	return nil
}

// handOver is what goes to the speaker, in order; what is not the terminal's is no more of use here.
func (p *program) handOver(t *terminal, send func(...syscall.Conn) error) error {
	var all []syscall.Conn
	if t != nil {
		all = append(all, t.master)
	}
	for _, f := range p.streams {
		all = append(all, f)
	}
	defer closeAll(p.streams)
	return send(all...)
}

// again makes a command that did not start one that can be tried once more.
func again(c *exec.Cmd) *exec.Cmd {
	return &exec.Cmd{Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir, SysProcAttr: c.SysProcAttr}
}

// wait returns when the program has ended, and tells the speaker.
func (p *program) wait() outcome {
	_ = p.cmd.Wait()
	close(p.exited)
	o := describe(p.cmd.ProcessState)
	_, _ = p.end.Write(ssh.Marshal(o))
	p.end.Close()
	return o
}

func describe(state *os.ProcessState) outcome {
	status, ok := state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		name := unix.SignalName(status.Signal())
		if len(name) > 3 {
			name = name[3:] // without SIG (RFC 4254, section 6.10)
		}
		return outcome{"exit-signal", ssh.Marshal(exitSignal{Signal: name, CoreDumped: status.CoreDump()})}
	}
	return outcome{"exit-status", ssh.Marshal(exitStatus{uint32(state.ExitCode())})}
}

// signal passes a signal to the program and what it started in the foreground.
func (p *program) signal(s syscall.Signal) error {
	if s <= 0 {
		return errors.New("no such signal")
	}
	select {
	case <-p.exited:
		return nil
	default:
		return unix.Kill(-p.cmd.Process.Pid, s)
	}
}

// patience is how long a program may take to end when its client has gone.
const patience = 3 * time.Second

// hangUp ends the program: its client has gone. What has made itself independent (setsid(1), nohup(1) in
// a shell's background) stays.
func (p *program) hangUp() {
	for _, s := range []syscall.Signal{unix.SIGHUP, unix.SIGCONT} {
		_ = p.signal(s)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = p.signal(unix.SIGKILL)
	}
}
