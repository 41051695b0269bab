// Package leash runs programs that end with the process that started them, however that ends: with
// SIGKILL, too, and with all the processes that they started in turn.
//
// The kernel's own means, PR_SET_PDEATHSIG, reaches the program alone: compilers that a go command
// started, or the methods of apt-get, would run on. So the program runs in a process group led by a
// shell that does nothing but wait for the end of a pipe whose other end is ours alone. When we are
// gone, the kernel closes that end, and the shell kills its group. Its number is not given to another
// group as long as the shell lives, and so nobody else's processes are ever meant.
package leash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Grace is how long a program may take to end after it was asked to.
const Grace = 5 * time.Second

// keeper ignores what a person or we send to the group to end it. What it reads never comes.
const keeper = `trap "" HUP INT TERM; read nothing; kill -KILL 0`

// Cmd is a program that is started once, as exec.Cmd is. Its process group and what to do at the
// context's end are not to be set.
type Cmd struct {
	*exec.Cmd
	end  syscall.Signal
	keep *exec.Cmd
	pipe *os.File
}

// Command is exec.CommandContext, but for the end of ctx: it sends the signal to the program and all
// that it started, and what is left of these after Grace is killed.
func Command(ctx context.Context, end syscall.Signal, name string, args ...string) *Cmd {
	return &Cmd{Cmd: exec.CommandContext(ctx, name, args...), end: end}
}

// Run runs the program to its end. Processes of its that are left then are killed.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Start starts the program.
func (c *Cmd) Start() error {
	if c.Err != nil {
		return c.Err
	}
	if err := c.hold(); err != nil {
		return fmt.Errorf("starting what ends %s with us: %w", c.Path, err)
	}
	if c.SysProcAttr == nil {
		c.SysProcAttr = &syscall.SysProcAttr{}
	}
	c.SysProcAttr.Setpgid, c.SysProcAttr.Pgid = true, c.keep.Process.Pid
	c.Cancel = func() error { return c.kill(c.end) }
	if c.WaitDelay == 0 {
		c.WaitDelay = Grace
	}
	if err := c.Cmd.Start(); err != nil {
		c.release()
		return err
	}
	return nil
}

// Wait waits for the program's end.
func (c *Cmd) Wait() error {
	defer c.release()
	return c.Cmd.Wait()
}

// hold starts the group's leader.
func (c *Cmd) hold() error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	c.keep = exec.Command("/bin/sh", "-c", keeper)
	c.keep.Stdin, c.keep.Dir, c.keep.Env = read, "/", []string{}
	c.keep.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.keep.Start(); err != nil {
		write.Close()
		return err
	}
	c.pipe = write
	return nil
}

// release kills what is left of the group, its leader included.
func (c *Cmd) release() {
	_ = c.kill(syscall.SIGKILL)
	_ = c.keep.Wait() // only now may the number be another group's
	c.pipe.Close()
}

func (c *Cmd) kill(signal syscall.Signal) error {
	err := syscall.Kill(-c.keep.Process.Pid, signal)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
