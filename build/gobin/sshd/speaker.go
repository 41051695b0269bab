package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// speaker is the side of a connection that speaks SSH with the client, before its login and after. It is a process of its own
// that has no rights: what it may not decide itself, it asks the monitor.
type speaker struct {
	monitor *link
	// alive is how often a client has to show that it is still there; 0 stands for usualAlive.
	alive time.Duration
	conn  ssh.Conn
}

const version = "SSH-2.0-imgbuild"

// speak is the program of a speaker. Its line to the monitor is file 3.
func speak() error {
	line, err := linkOf(os.NewFile(3, "line"))
	if err != nil {
		return err
	}
	if err := renounce(); err != nil {
		return err
	}
	if err := line.send(ssh.Marshal(ready{})); err != nil {
		return err
	}
	go warm() // with nobody there yet, or while the client thinks
	message, files, err := line.receiveFiles()
	if errors.Is(err, io.EOF) {
		return nil // nobody came
	}
	if err != nil {
		return err
	}
	var h hello
	if err := ssh.Unmarshal(message, &h); err != nil {
		return err
	}
	if len(files) != 1 {
		return fmt.Errorf("%d sockets", len(files))
	}
	raw, err := net.FileConn(files[0])
	closeAll(files)
	if err != nil {
		return err
	}
	return (&speaker{monitor: line}).converse(raw, h)
}

// warm checks a signature, the one for which nothing has to be signed: of the key that is the neutral point. The first check makes
// a table for those that follow it (crypto/ed25519), which takes five times as long as a check, and each speaker checks one.
func warm() bool {
	neutral := make([]byte, ed25519.PublicKeySize)
	neutral[0] = 1
	return ed25519.Verify(neutral, nil, append(neutral, make([]byte, ed25519.SignatureSize-len(neutral))...))
}

// converse lets the client log in and serves it until it is gone.
func (s *speaker) converse(raw net.Conn, h hello) error {
	config, err := s.config(h)
	if err != nil {
		return err
	}
	client, err := newGreeted(raw)
	if err != nil {
		return err
	}
	conn, channels, requests, err := ssh.NewServerConn(client, config)
	if err != nil {
		return s.leave(farewell{tried(err), reason(err).Error()})
	}
	client.in.Store(true)
	defer conn.Close()
	s.conn = conn
	s.serve(channels, requests)
	return nil
}

func (s *speaker) leave(f farewell) error { return s.monitor.send(ssh.Marshal(f)) }

// serve opens sessions until the client is gone.
func (s *speaker) serve(channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	ctx, gone := context.WithCancel(context.Background())
	defer gone()
	go ssh.DiscardRequests(requests)
	go s.watch(ctx)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for open := range channels {
		if open.ChannelType() != "session" {
			_ = open.Reject(ssh.Prohibited, "nothing is forwarded here")
			continue
		}
		a, files, err := s.monitor.ask(sessionQuestion{})
		if err != nil || len(files) != 1 {
			closeAll(files)
			_ = open.Reject(ssh.ResourceShortage, a.Why)
			continue
		}
		line, err := linkOf(files[0])
		if err != nil {
			_ = open.Reject(ssh.ResourceShortage, "")
			continue
		}
		channel, asked, err := open.Accept()
		if err != nil {
			line.conn.Close()
			continue
		}
		sessions.Go(func() { pass(line, channel, asked) })
	}
}
