package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/oom"
)

// child is a speaker as the monitor sees it.
type child struct {
	process *os.Process
	link    *link
	// gone is closed when it has ended; said is what it has written on standard error by then, as the runtime does of a program
	// that it ends.
	gone chan struct{}
	said string
}

// maxSaid bounds what is kept of that, in bytes.
const maxSaid = 300

// bear starts a speaker.
func (n *nursery) bear() (*child, error) {
	if err := n.prepare(); err != nil {
		return nil, err
	}
	ours, theirs, err := newLink()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	says, errs, err := os.Pipe()
	if err != nil {
		ours.conn.Close()
		return nil, err
	}
	defer errs.Close()
	born := make(chan birth)
	n.orders <- order{[]*os.File{n.null, n.null, errs, theirs}, born}
	b := <-born
	if b.err != nil {
		ours.conn.Close()
		says.Close()
		return nil, fmt.Errorf("starting who speaks with a client: %w", b.err)
	}
	// It does nothing yet that could use up memory.
	_ = oom.SetOf(b.process.Pid, oom.Session)
	c := &child{process: b.process, link: ours, gone: make(chan struct{})}
	go c.attend(says)
	return c, nil
}

// promote gives a speaker that has started the usual priority, on all its threads: it leads a process group of its own. The error is
// that it has ended.
func (c *child) promote() error {
	if !root() {
		return nil
	}
	return unix.Setpriority(unix.PRIO_PGRP, c.process.Pid, 0)
}

// attend waits for the speaker's end.
func (c *child) attend(says *os.File) {
	defer close(c.gone)
	defer says.Close()
	text, _ := io.ReadAll(io.LimitReader(says, maxSaid))
	_, _ = io.Copy(io.Discard, says)
	_, _ = c.process.Wait()
	c.said = string(bytes.TrimSpace(text))
}

// take is bear, but for a client who waits: it gives out the spare one where there is one.
func (n *nursery) take() (*child, error) {
	n.mu.Lock()
	c := n.spare
	n.spare = nil
	n.mu.Unlock()
	if c != nil && c.alive() {
		return c, nil
	}
	return n.bear()
}

// refill sees to it that there is a spare one.
func (n *nursery) refill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.spare != nil && n.spare.alive() {
		return
	}
	n.spare, _ = n.bear() // who needs one is told what is wrong
}

// drain ends the spare one.
func (n *nursery) drain() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.spare != nil {
		n.spare.end()
		n.spare = nil
	}
}

func (c *child) alive() bool {
	select {
	case <-c.gone:
		return false
	default:
		return true
	}
}

// end ends the speaker, if it is still there, and waits until it is gone.
func (c *child) end() {
	_ = c.process.Kill()
	c.link.conn.Close()
	<-c.gone
}
