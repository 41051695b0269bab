package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/oom"
)

// program is what runs in a session.
type program struct {
	cmd     *exec.Cmd
	channel ssh.Channel
	// adjustment is how soon the OOM killer takes it.
	adjustment int

	// copying is done when all output is with the client.
	copying sync.WaitGroup
	// outputs are read by us; input is written by us, nil with a terminal.
	outputs []*os.File
	input   *os.File
	exited  chan struct{}
	ended   atomic.Bool
}

// start runs the program on the terminal, or on pipes where there is none.
func (p *program) start(t *terminal) error {
	p.exited = make(chan struct{})
	if t != nil {
		p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = t.slave, t.slave, t.slave
		p.cmd.SysProcAttr.Setctty = true
		if err := oom.Start(p.cmd, p.adjustment); err != nil {
			p.cmd = again(p.cmd)
			return err
		}
		// While we hold this end, reading the other would not find the end of the output.
		t.slave.Close()
		go func() { _, _ = io.Copy(t.master, p.channel) }()
		p.copy(p.channel, t.master)
		return nil
	}
	var ours, theirs [3]*os.File
	for i := range ours {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(append(ours[:], theirs[:]...))
			return err
		}
		ours[i], theirs[i] = r, w
		if i == 0 {
			ours[i], theirs[i] = w, r
		}
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs[0], theirs[1], theirs[2]
	err := oom.Start(p.cmd, p.adjustment)
	closeAll(theirs[:])
	if err != nil {
		closeAll(ours[:])
		p.cmd = again(p.cmd)
		return err
	}
	p.input = ours[0]
	go func() {
		_, _ = io.Copy(p.input, p.channel)
		p.input.Close()
	}()
	p.copy(p.channel, ours[1])
	p.copy(p.channel.Stderr(), ours[2])
	return nil
}

// again makes a command that did not start one that can be tried once more.
func again(c *exec.Cmd) *exec.Cmd {
	return &exec.Cmd{Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir, SysProcAttr: c.SysProcAttr}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// leftover is how long output of a program that has ended may stay away before there is no more of it:
// what it left running in the background may hold the other end for ever.
const leftover = 200 * time.Millisecond

// copy passes output on until its end.
func (p *program) copy(to io.Writer, from *os.File) {
	p.outputs = append(p.outputs, from)
	p.copying.Go(func() {
		defer from.Close()
		buf := make([]byte, 32<<10)
		late := false
		for {
			n, err := from.Read(buf)
			if n > 0 {
				late = false
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
			switch {
			case err == nil && !p.ended.Load():
				continue
			case errors.Is(err, os.ErrDeadlineExceeded) && !late:
				// The time may have passed while the client was slow to take the last part.
				late = true
			case err != nil:
				return
			}
			_ = from.SetReadDeadline(time.Now().Add(leftover))
		}
	})
}

// outcome is a request that tells the client how the program ended.
type outcome struct {
	kind    string
	payload []byte
}

// wait returns when the program has ended.
func (p *program) wait() outcome {
	_ = p.cmd.Wait()
	p.ended.Store(true)
	close(p.exited)
	for _, f := range p.outputs {
		_ = f.SetReadDeadline(time.Now().Add(leftover))
	}
	return describe(p.cmd.ProcessState)
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
	closeAll(p.outputs)
	if p.input != nil {
		p.input.Close()
	}
}
