package main

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/crypto/ssh"
)

// A connection has ten sessions at a time and nothing else; one that ended leaves its place, and so does one that never came to be.
func TestSessionsOfAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &connection{server: &server{log: discard()}, conn: &ssh.ServerConn{Conn: &wire{}}}
		channels, requests, done := make(chan ssh.NewChannel), make(chan *ssh.Request), make(chan struct{})
		go func() { c.serve(t.Context(), channels, requests); close(done) }()
		open := func(kind string, broken bool) *opened {
			o := &opened{kind: kind, broken: broken, requests: make(chan *ssh.Request)}
			channels <- o
			synctest.Wait()
			return o
		}
		for _, kind := range []string{"direct-tcpip", "x11", "auth-agent@openssh.com"} {
			if o := open(kind, false); o.refused != ssh.Prohibited {
				t.Errorf("%s: %v", kind, o.refused)
			}
		}
		for range 20 {
			open("session", true)
		}
		var all []*opened
		for n := range 12 {
			all = append(all, open("session", false))
			if refused := all[n].refused; (refused == ssh.ResourceShortage) != (n >= 10) {
				t.Errorf("session %d: %v", n+1, refused)
			}
		}
		close(all[0].requests)
		synctest.Wait()
		if o := open("session", false); o.refused != 0 {
			t.Errorf("in the place of one that ended: %v", o.refused)
		} else {
			close(o.requests)
		}
		for _, o := range all[1:] {
			close(o.requests)
		}
		close(channels)
		close(requests)
		<-done
		synctest.Wait()
	})
}

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
		s := &session{connection: &connection{server: &server{log: discard()}, conn: &ssh.ServerConn{Conn: &wire{}}}, channel: pipe{&wire{in: strings.NewReader("")}}}
		if tt.change != nil {
			tt.change(s)
		}
		before := *s
		err := s.request(&ssh.Request{Type: tt.kind, Payload: tt.payload})
		if (err != nil) != tt.fails || strings.Join(s.environment, " ") != tt.env || s.terminal != before.terminal || s.program != before.program {
			t.Errorf("%s: %v, environment %q", name, err, s.environment)
		}
	}
	s := &session{connection: &connection{conn: &ssh.ServerConn{Conn: &wire{}}}}
	if got, want := s.addresses(), []string{"SSH_CLIENT=192.0.2.1 5 22", "SSH_CONNECTION=192.0.2.1 5 ::1 22"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
