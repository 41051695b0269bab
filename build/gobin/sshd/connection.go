package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// connection is a client that logged in.
type connection struct {
	server *server
	conn   *ssh.ServerConn
	entry  entry
}

const (
	// maxSessions is how many sessions a connection may have (sshd_config(5), MaxSessions).
	maxSessions = 10
	// usualAlive is how often a client that says nothing is asked whether it is there; maxSilent
	// questions without an answer are its end.
	usualAlive = 15 * time.Second
	maxSilent  = 3
)

// serve opens sessions until the client is gone, and with it what runs in them.
func (c *connection) serve(ctx context.Context, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	ctx, gone := context.WithCancel(ctx)
	defer gone()
	go ssh.DiscardRequests(requests)
	go c.watch(ctx)
	var sessions sync.WaitGroup
	slots := make(chan struct{}, maxSessions)
	for open := range channels {
		if open.ChannelType() != "session" {
			_ = open.Reject(ssh.Prohibited, "nothing is forwarded here")
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			_ = open.Reject(ssh.ResourceShortage, "too many sessions")
			continue
		}
		channel, asked, err := open.Accept()
		if err != nil {
			<-slots
			continue
		}
		sessions.Go(func() {
			defer func() { <-slots }()
			s := &session{connection: c, channel: channel}
			s.serve(asked)
		})
	}
	sessions.Wait()
}

// watch ends a connection whose client has vanished without a word, as when a cable is pulled.
func (c *connection) watch(ctx context.Context) {
	every := c.server.alive
	if every == 0 {
		every = usualAlive
	}
	for {
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			// Clients answer that they don't know this; that they answer is the point.
			_, _, _ = c.conn.SendRequest("keepalive@openssh.com", true, nil)
		}()
		select {
		case <-answered:
		case <-ctx.Done():
			return
		case <-time.After(maxSilent * every):
			c.server.log.Printf("%s does not answer any more", c.conn.RemoteAddr())
			c.conn.Close()
			return
		}
	}
}
