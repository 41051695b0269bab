package main

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// What a client says before it is in is acknowledged at once, and what it says afterwards when there is something to say, as usual.
func TestAcknowledged(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	raw, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	g, err := newGreeted(raw)
	if err != nil {
		t.Fatal(err)
	}
	atOnce := func() (on bool) {
		if err := g.socket.Control(func(fd uintptr) {
			n, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK)
			on = n == 1 && err == nil
		}); err != nil {
			t.Fatal(err)
		}
		return on
	}
	// talk has each say something in turn, until the server's kernel takes it for a conversation.
	talk := func() {
		t.Helper()
		word := make([]byte, 1)
		await(t, "a conversation", func() bool {
			for _, side := range [][2]net.Conn{{client, raw}, {raw, client}} {
				if _, err := side[0].Write(word); err != nil {
					t.Fatal(err)
				}
				if _, err := side[1].Read(word); err != nil {
					t.Fatal(err)
				}
			}
			return !atOnce()
		})
	}
	heard := make(chan error)
	read := func() { _, err := g.Read(make([]byte, 1)); heard <- err }
	say := func() {
		t.Helper()
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := <-heard; err != nil {
			t.Fatal(err)
		}
	}
	talk()
	go read()
	await(t, "acknowledgements at once", atOnce)
	say()
	g.in.Store(true)
	talk()
	go read()
	say()
	if atOnce() {
		t.Error("who is in is acknowledged at once, too")
	}
}
