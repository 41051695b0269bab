package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"log"
	"net"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// wire is a client's end of a channel or a connection that a test holds.
type wire struct {
	ssh.Conn
	in       io.Reader
	out, err bytes.Buffer
	// answers is what a question to the client waits for.
	answers func()
	asked   atomic.Int32
	closed  int
}

func (w *wire) Read(b []byte) (int, error)  { return w.in.Read(b) }
func (w *wire) Write(b []byte) (int, error) { return w.out.Write(b) }
func (w *wire) Close() error                { w.closed++; return nil }
func (w *wire) CloseWrite() error           { return nil }
func (w *wire) Stderr() io.ReadWriter       { return &w.err }
func (w *wire) RemoteAddr() net.Addr        { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5} }
func (w *wire) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv6loopback, Port: 22} }

// pipe is a wire as a channel, whose questions have another form than a connection's.
type pipe struct{ *wire }

func (p pipe) SendRequest(string, bool, []byte) (bool, error) { return true, nil }

func (w *wire) SendRequest(string, bool, []byte) (bool, []byte, error) {
	if w.asked.Add(1); w.answers != nil {
		w.answers()
	}
	return true, nil, nil
}

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

func payload(words ...string) (b []byte) {
	for _, w := range words {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(w))), w...)
	}
	return b
}
