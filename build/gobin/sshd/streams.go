package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// pass lets the monitor answer what the client asks of a session, until the client closes it or is gone. The session's line
// ends with it, and then the monitor ends what runs.
func pass(line *link, channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	var s *streams
	for r := range requests {
		a, files, err := line.ask(sessionRequest{r.Type, r.Payload})
		var text started
		if err == nil && len(a.Data) > 0 {
			err = ssh.Unmarshal(a.Data, &text)
			_, _ = io.WriteString(channel, text.Out)
			_, _ = io.WriteString(channel.Stderr(), text.Err)
		}
		if err == nil && len(files) > 0 {
			s, err = carry(channel, files)
		}
		if r.WantReply {
			_ = r.Reply(err == nil && a.Yes, nil)
		}
		if err != nil {
			break
		}
	}
	line.conn.Close()
	if s != nil {
		s.end()
	}
}

// streams carry what a program reads and writes.
type streams struct {
	channel ssh.Channel
	// outputs are read here; input is written. Both are the same where it is a terminal.
	outputs []*os.File
	input   *os.File
	// copying is done when all output is with the client; ended, when the program has.
	copying sync.WaitGroup
	ended   atomic.Bool
	done    chan struct{}
}

// carry begins with the files that came with an answer; see started.
func carry(channel ssh.Channel, files []*os.File) (*streams, error) {
	s := &streams{channel: channel, done: make(chan struct{})}
	switch len(files) {
	case 2:
		s.input = files[0]
		go func() { _, _ = io.Copy(s.input, channel) }()
		s.copy(channel, files[0])
	case 4:
		s.input = files[0]
		go func() {
			_, _ = io.Copy(s.input, channel)
			s.input.Close()
		}()
		s.copy(channel, files[1])
		s.copy(channel.Stderr(), files[2])
	default:
		closeAll(files)
		return nil, fmt.Errorf("%d files of a program", len(files))
	}
	go s.await(files[len(files)-1])
	return s, nil
}

// await tells the client how the program ended, and closes the session when it has all output.
func (s *streams) await(end *os.File) {
	told, _ := io.ReadAll(io.LimitReader(end, maxMessage))
	end.Close()
	s.ended.Store(true)
	close(s.done)
	for _, f := range s.outputs {
		_ = f.SetReadDeadline(time.Now().Add(leftover))
	}
	var o outcome
	if ssh.Unmarshal(told, &o) == nil {
		_, _ = s.channel.SendRequest(o.Kind, false, o.Payload)
	}
	s.copying.Wait()
	s.channel.Close()
}

// leftover is how long output of a program that has ended may stay away before there is no more of it:
// what it left running in the background may hold the other end for ever.
const leftover = 200 * time.Millisecond

// copy passes output on until its end.
func (s *streams) copy(to io.Writer, from *os.File) {
	s.outputs = append(s.outputs, from)
	s.copying.Go(func() {
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
			case err == nil && !s.ended.Load():
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

// end is for a client that has gone. A terminal hangs up at once; pipes stay until the program has seen its signal.
func (s *streams) end() {
	if len(s.outputs) == 1 {
		s.input.Close()
	}
	<-s.done
	closeAll(s.outputs)
	s.input.Close()
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}
