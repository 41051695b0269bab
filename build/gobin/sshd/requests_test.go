package main

import (
	"errors"
	"net"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// A connection has ten sessions at a time and nothing else; one that ended leaves its place.
func TestSessionsOfAConnection(t *testing.T) {
	b := newBox(t, nil)
	c, err := b.client("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, kind := range []string{"direct-tcpip", "x11", "auth-agent@openssh.com"} {
		_, _, err := c.OpenChannel(kind, nil)
		if refused := (*ssh.OpenChannelError)(nil); !errors.As(err, &refused) || refused.Reason != ssh.Prohibited {
			t.Errorf("%s: %v", kind, err)
		}
	}
	var all []*ssh.Session
	for n := range 12 {
		s, err := c.NewSession()
		if refused := (*ssh.OpenChannelError)(nil); (err != nil) != (n >= 10) || err != nil && (!errors.As(err, &refused) || refused.Reason != ssh.ResourceShortage) {
			t.Errorf("session %d: %v", n+1, err)
		}
		all = append(all, s)
	}
	all[0].Close()
	await(t, "a session in the place of one that ended", func() bool { _, err := c.NewSession(); return err == nil })
}

// seat is a connection that only knows where it is.
type seat struct{ net.Conn }

func (seat) RemoteAddr() net.Addr { return (&wire{}).RemoteAddr() }
func (seat) LocalAddr() net.Addr  { return (&wire{}).LocalAddr() }

// What a client may ask of a session, and when.
func TestRequests(t *testing.T) {
	size := make([]byte, 16)
	for name, tt := range map[string]struct {
		kind    string
		payload []byte
		change  func(*session)
		fails   bool
		env     string
	}{
		"a language":                 {"env", payload("LANG", "de"), nil, false, "LANG=de"},
		"a part of it":               {"env", payload("LC_TIME", "C"), nil, false, "LC_TIME=C"},
		"what could load code":       {"env", payload("LD_PRELOAD", "x"), nil, false, ""},
		"what begins alike":          {"env", payload("LANGUAGE", "x"), nil, false, ""},
		"half of one":                {"env", payload("LANG"), nil, true, ""},
		"no command":                 {"exec", nil, nil, true, ""},
		"an unknown subsystem":       {"subsystem", payload("netconf"), nil, true, ""},
		"half a subsystem":           {"subsystem", []byte{0}, nil, true, ""},
		"a size without a terminal":  {"window-change", size, nil, false, ""},
		"half a size":                {"window-change", size[:15], nil, true, ""},
		"a signal without a program": {"signal", payload("TERM"), nil, false, ""},
		"half a signal":              {"signal", nil, nil, true, ""},
		"an unknown signal":          {"signal", payload("NOSUCH"), func(s *session) { s.program = &program{exited: make(chan struct{})} }, true, ""},
		"a signal after the end": {"signal", payload("TERM"), func(s *session) {
			s.program = &program{exited: make(chan struct{})}
			close(s.program.exited)
		}, false, ""},
		"a break":                      {"break", nil, nil, false, ""},
		"the end of output":            {"eow@openssh.com", nil, nil, false, ""},
		"whether it is there":          {"keepalive@openssh.com", nil, nil, false, ""},
		"a display":                    {"x11-req", nil, nil, true, ""},
		"half a terminal":              {"pty-req", nil, nil, true, ""},
		"a terminal against the rules": {"pty-req", append(payload("vt220"), append(size, payload("")...)...), func(s *session) { s.entry.allow.noPTY = true }, true, ""},
		"a second terminal":            {"pty-req", append(payload("vt220"), append(size, payload("")...)...), func(s *session) { s.terminal = &terminal{} }, true, ""},
		"a terminal too late":          {"pty-req", append(payload("vt220"), append(size, payload("")...)...), func(s *session) { s.program = &program{} }, true, ""},
		"a second shell":               {"shell", nil, func(s *session) { s.program = &program{} }, true, ""},
		"a second command":             {"exec", payload("x"), func(s *session) { s.program = &program{} }, true, ""},
	} {
		s := &session{monitor: &monitor{server: &server{log: discard()}, raw: seat{}, entry: &entry{}}}
		if tt.change != nil {
			tt.change(s)
		}
		before := *s
		err := s.request(tt.kind, tt.payload)
		if (err != nil) != tt.fails || strings.Join(s.environment, " ") != tt.env || s.terminal != before.terminal || s.program != before.program {
			t.Errorf("%s: %v, environment %q", name, err, s.environment)
		}
	}
	s := &session{monitor: &monitor{raw: seat{}}}
	if got, want := s.addresses(), []string{"SSH_CLIENT=192.0.2.1 5 22", "SSH_CONNECTION=192.0.2.1 5 ::1 22"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
