package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// session is one program that a client runs here (RFC 4254, section 6).
type session struct {
	*monitor
	line *link

	environment []string
	terminal    *terminal
	program     *program
}

// Payloads of requests, in the order of their fields (RFC 4254).
type (
	terminalRequest struct { // 6.2
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}
	windowSize     struct{ Columns, Rows, Width, Height uint32 } // 6.7
	envRequest     struct{ Name, Value string }                  // 6.4
	commandRequest struct{ Command string }                      // 6.5, for subsystems too
	signalRequest  struct{ Signal string }                       // 6.9
	exitStatus     struct{ Status uint32 }                       // 6.10
	exitSignal     struct {                                      // 6.10
		Signal     string
		CoreDumped bool
		Message    string
		Language   string
	}
)

// serve answers the client's requests until it closes the session or vanishes; then the program has to go.
func (s *session) serve() {
	defer s.line.conn.Close()
	for {
		message, err := s.line.receive()
		if err != nil {
			break
		}
		var r sessionRequest
		if err := ssh.Unmarshal(message, &r); err != nil {
			break
		}
		if err := s.reply(r); err != nil {
			break
		}
	}
	if s.terminal != nil {
		s.terminal.close()
	}
	if s.program != nil {
		s.program.hangUp()
	}
}

// reply grants a request or not. What has been started by it goes with the answer.
func (s *session) reply(r sessionRequest) error {
	before := s.program
	err := s.request(r.Type, r.Payload)
	if err != nil {
		s.server.log.Printf("session of %s: %.40s: %v", s.entry.account.name, plain(r.Type), err)
		var told toldError
		errors.As(err, &told)
		return s.line.send(ssh.Marshal(answer{Data: ssh.Marshal(told.says)}))
	}
	if s.program == before {
		return s.line.send(ssh.Marshal(answer{Yes: true}))
	}
	return s.program.handOver(s.terminal, func(streams ...syscall.Conn) error {
		return s.line.send(ssh.Marshal(answer{Yes: true, Data: ssh.Marshal(s.program.says)}), streams...)
	})
}

func (s *session) request(kind string, payload []byte) error {
	if s.entry.account.jail != "" {
		return s.jailed(kind, payload)
	}
	switch kind {
	case "pty-req":
		return s.openTerminal(payload)
	case "env":
		var q envRequest
		if err := ssh.Unmarshal(payload, &q); err != nil {
			return err
		}
		// Others could make the programs that start before the shell do what they should not.
		if q.Name == "LANG" || strings.HasPrefix(q.Name, "LC_") {
			s.environment = append(s.environment, q.Name+"="+q.Value)
		}
		return nil
	case "shell":
		return s.start("")
	case "exec", "subsystem":
		var q commandRequest
		if err := ssh.Unmarshal(payload, &q); err != nil {
			return err
		}
		if kind == "exec" {
			return s.start(q.Command)
		}
		if q.Command != "sftp" {
			return fmt.Errorf("there is no subsystem %.40q", q.Command)
		}
		return s.start(s.server.sftp)
	case "window-change":
		var q windowSize
		if err := ssh.Unmarshal(payload, &q); err != nil || s.terminal == nil {
			return err
		}
		return s.terminal.resize(q)
	case "signal":
		var q signalRequest
		if err := ssh.Unmarshal(payload, &q); err != nil || s.program == nil {
			return err
		}
		return s.program.signal(unix.SignalNum("SIG" + q.Signal))
	case "break", "eow@openssh.com", "keepalive@openssh.com":
		return nil
	}
	return fmt.Errorf("not known")
}

func (s *session) openTerminal(payload []byte) error {
	var q terminalRequest
	if err := ssh.Unmarshal(payload, &q); err != nil {
		return err
	}
	if s.entry.allow.noPTY {
		return fmt.Errorf("the key allows no terminal")
	}
	if s.terminal != nil || s.program != nil {
		return fmt.Errorf("too late for a terminal")
	}
	t, err := openTerminal(s.server.etc, s.entry.account, q)
	s.terminal = t
	return err
}

// start runs a command by the account's shell, or, where there is none, a login shell.
func (s *session) start(command string) error {
	asked := command
	if forced := s.entry.allow.command; forced != "" {
		command = forced
	}
	return s.launch(launchOptions{command: command, original: asked, terminal: s.terminal, environment: slices.Concat(s.environment, s.addresses())})
}

// launch starts the session's program.
func (s *session) launch(o launchOptions) error {
	if s.program != nil {
		return fmt.Errorf("a program runs already")
	}
	o.account, o.etc, o.groups = s.entry.account, s.server.etc, s.server.groups
	p, err := launch(o)
	if err != nil {
		return err
	}
	s.program = p
	go p.wait()
	return nil
}

// addresses are the variables that say where the client is (ssh(1), ENVIRONMENT).
func (s *session) addresses() []string {
	fromHost, fromPort, err1 := net.SplitHostPort(s.raw.RemoteAddr().String())
	toHost, toPort, err2 := net.SplitHostPort(s.raw.LocalAddr().String())
	if err1 != nil || err2 != nil {
		return nil
	}
	return []string{
		strings.Join([]string{"SSH_CLIENT=" + fromHost, fromPort, toPort}, " "),
		strings.Join([]string{"SSH_CONNECTION=" + fromHost, fromPort, toHost, toPort}, " "),
	}
}
