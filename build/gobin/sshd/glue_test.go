package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// wire is a client's end of a channel or a connection that a test holds.
type wire struct {
	ssh.Conn
	in       io.Reader
	out, err bytes.Buffer
	// answers is what a question to the client waits for.
	answers func()
	asked   int
	closed  int
}

func (w *wire) Read(b []byte) (int, error)  { return w.in.Read(b) }
func (w *wire) Write(b []byte) (int, error) { return w.out.Write(b) }
func (w *wire) Close() error                { w.closed++; return nil }
func (w *wire) CloseWrite() error           { return nil }
func (w *wire) Stderr() io.ReadWriter       { return &w.err }
func (w *wire) RemoteAddr() net.Addr        { return who{}.RemoteAddr() }
func (w *wire) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv6loopback, Port: 22} }

// pipe is a wire as a channel, whose questions have another form than a connection's.
type pipe struct{ *wire }

func (p pipe) SendRequest(string, bool, []byte) (bool, error) { return true, nil }

func (w *wire) SendRequest(string, bool, []byte) (bool, []byte, error) {
	if w.asked++; w.answers != nil {
		w.answers()
	}
	return true, nil, nil
}

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

// Who does not answer is hung up on after a minute; who does is asked again each quarter of one.
func TestClientsThatVanish(t *testing.T) {
	for _, tt := range []struct {
		alive          time.Duration
		answers        time.Duration
		asked, hungUp  int
		after, forHowL time.Duration
	}{
		{0, 0, 4, 0, 0, 61 * time.Second}, {0, time.Hour, 1, 1, time.Minute, time.Hour}, {time.Second, 2 * time.Second, 3, 0, 0, 9 * time.Second}, {time.Second, 4 * time.Second, 1, 1, 4 * time.Second, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answers: func() { time.Sleep(tt.answers) }}
			c := &connection{server: &server{alive: tt.alive, log: discard()}, conn: &ssh.ServerConn{Conn: w}}
			begin := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), tt.forHowL)
			defer cancel()
			c.watch(ctx)
			if took := time.Since(begin); w.asked != tt.asked || w.closed != tt.hungUp || tt.hungUp > 0 && took != tt.after || tt.hungUp == 0 && took != tt.forHowL {
				t.Errorf("%+v: asked %d times, hung up on %d times, after %v", tt, w.asked, w.closed, took)
			}
			time.Sleep(2 * time.Hour)
		})
	}
}

// opened is a channel that a client asks for.
type opened struct {
	kind     string
	broken   bool
	requests chan *ssh.Request
	refused  ssh.RejectionReason // 0: taken
}

func (o *opened) ChannelType() string { return o.kind }
func (o *opened) ExtraData() []byte   { return nil }
func (o *opened) Reject(r ssh.RejectionReason, _ string) error {
	o.refused = r
	return nil
}

func (o *opened) Accept() (ssh.Channel, <-chan *ssh.Request, error) {
	if o.broken {
		return nil, nil, io.EOF
	}
	return pipe{&wire{in: strings.NewReader("")}}, o.requests, nil
}

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

func payload(words ...string) (b []byte) {
	for _, w := range words {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(w))), w...)
	}
	return b
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

// me is an account of whoever runs the test.
func me(home string) account {
	return account{name: "me", uid: uint32(os.Getuid()), gid: uint32(os.Getgid()), home: home, shell: "/bin/sh", groups: []uint32{uint32(os.Getgid())}}
}

// A missing home is told and does not keep anybody out; where a program can't start there is none. How it ended is told as RFC 4254
// has it.
func TestLaunch(t *testing.T) {
	home := t.TempDir()
	for name, tt := range map[string]struct {
		a        account
		command  string
		out, err string
		end      outcome
		fails    bool
	}{
		"at home":    {me(home), "pwd; exit 3", home + "\n", "", outcome{"exit-status", []byte{0, 0, 0, 3}}, false},
		"no home":    {me(home + "/none"), "pwd", "/\n", "No home directory " + home + "/none; starting in /.\r\n", outcome{"exit-status", []byte{0, 0, 0, 0}}, false},
		"killed":     {me("/"), "kill -TERM $$", "", "", outcome{"exit-signal", ssh.Marshal(exitSignal{Signal: "TERM"})}, false},
		"no shell":   {account{name: "me", uid: uint32(os.Getuid()), gid: uint32(os.Getgid()), home: "/", shell: "/none"}, "x", "", "", outcome{}, true},
		"its errors": {me("/"), "echo x >&2", "", "x\n", outcome{"exit-status", []byte{0, 0, 0, 0}}, false},
	} {
		w := &wire{in: strings.NewReader("")}
		p, err := launch(launchOptions{account: tt.a, command: tt.command, original: tt.command, channel: pipe{w}})
		if (err != nil) != tt.fails {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		end := p.wait()
		p.copying.Wait()
		if w.out.String() != tt.out || w.err.String() != tt.err || !reflect.DeepEqual(end, tt.end) {
			t.Errorf("%s: %q, %q, %+v; want %q, %q, %+v", name, w.out.String(), w.err.String(), end, tt.out, tt.err, tt.end)
		}
		if err := p.signal(unix.SIGTERM); err != nil {
			t.Errorf("%s: a signal after its end: %v", name, err)
		}
	}
	// A terminal is tried twice as well.
	term, err := openTerminal(t.TempDir(), me(home), terminalRequest{Term: "vt220", Columns: 70000, Rows: 24})
	if err != nil {
		t.Fatal(err)
	}
	var window *unix.Winsize
	if err := term.control(func(fd int) (err error) { window, err = unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); return err }); err != nil || *window != (unix.Winsize{Row: 24, Col: 0xffff}) {
		t.Errorf("the window is %+v, %v", window, err)
	}
	w := &wire{in: strings.NewReader("")}
	p, err := launch(launchOptions{account: me("/none"), command: "tty; pwd", original: "tty; pwd", channel: pipe{w}, terminal: term})
	if err != nil {
		t.Fatal(err)
	}
	end := p.wait()
	p.copying.Wait()
	term.close()
	if want := term.name + "\r\n/\r\n"; w.out.String() != want || end.payload[3] != 0 {
		t.Errorf("on a terminal: %q, %+v; want %q", w.out.String(), end, want)
	}
}

func TestGreet(t *testing.T) {
	for name, tt := range map[string]struct {
		motd string
		hush bool
		want string
	}{"a greeting": {"a\nb\n", false, "a\r\nb\r\n"}, "quiet, please": {"a\n", true, ""}, "none": {"", false, ""}} {
		etc, home, w := t.TempDir(), t.TempDir(), &wire{}
		if tt.motd != "" {
			if err := os.WriteFile(filepath.Join(etc, "motd"), []byte(tt.motd), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if tt.hush {
			if err := os.WriteFile(filepath.Join(home, ".hushlogin"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		greet(launchOptions{account: account{home: home}, etc: etc, channel: pipe{w}})
		if w.out.String() != tt.want {
			t.Errorf("%s: %q", name, w.out.String())
		}
	}
}

// Where there are control groups a session has one; where one can't be had nobody gets in without.
func TestOpenGroup(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(dir+"/admin", 0o755), os.MkdirAll(dir+"/work/users", 0o755), os.Symlink("/none", dir+"/work/users/odd")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir   string
		a     account
		want  string
		fails bool
	}{
		{"", account{name: "ann", uid: 5}, "", false}, {dir + "/none", account{name: "ann", uid: 5}, "", false}, {dir, account{name: "ann", uid: 5}, dir + "/work/users/ann", false}, {dir, account{name: "ann", uid: 5}, dir + "/work/users/ann", false},
		{dir, account{name: "root"}, dir + "/admin/root", false}, {dir, account{name: "odd", uid: 6}, "", true},
	} {
		f, err := openGroup(tt.dir, tt.a)
		got := ""
		if f != nil {
			got = f.Name()
			f.Close()
		}
		if got != tt.want || (err != nil) != tt.fails {
			t.Errorf("%q of %s: %q, %v", tt.dir, tt.a.name, got, err)
		}
	}
	if _, err := launch(launchOptions{account: account{name: "odd", uid: 6, gid: 6, home: "/", shell: "/bin/sh"}, command: "true", groups: dir, channel: pipe{&wire{in: strings.NewReader("")}}}); err == nil {
		t.Error("a session without its group")
	}
}

// Of keys counts what the account's file says, for the address that the client has, and none that can be broken.
func TestCheckKey(t *testing.T) {
	etc, home := t.TempDir(), t.TempDir()
	strong := func(bits uint) ssh.PublicKey {
		key, err := ssh.NewPublicKey(&rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1)), E: 65537})
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	good, line := testKey(t, 1)
	other, from := testKey(t, 2)
	weak := string(ssh.MarshalAuthorizedKey(strong(2047)))
	keys := line + "\nfrom=\"192.0.2.1\",no-pty " + from + "\n" + weak + string(ssh.MarshalAuthorizedKey(strong(2048)))
	err := errors.Join(os.Chmod(home, 0o755), os.Mkdir(home+"/.ssh", 0o700), os.WriteFile(home+"/.ssh/authorized_keys", []byte(keys), 0o600),
		os.WriteFile(etc+"/passwd", fmt.Appendf(nil, "me:x:%d:%d::%s:/bin/sh\nben:x:70001:70001::%s:/bin/sh\nnone:x:0:0::/none:/bin/sh\n", os.Getuid(), os.Getgid(), home, home), 0o600),
		os.WriteFile(etc+"/group", []byte("staff:x:50:me\n"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{etc: etc}
	third, _ := testKey(t, 3)
	for name, tt := range map[string]struct {
		who   string
		key   ssh.PublicKey
		in    bool
		noPTY bool
	}{
		"a key": {"me", good, true, false}, "one for this address": {"me", other, true, true}, "a stranger's": {"me", third, false, false}, "of nobody": {"nobody-such", good, false, false}, "without a home": {"none", good, false, false},
		"a weak one": {"me", strong(2047), false, false}, "a strong one": {"me", strong(2048), true, false},
	} {
		p, err := s.checkKey(who{name: tt.who}, tt.key)
		if (err == nil) != tt.in {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			if e := p.ExtraData[entryKey{}].(entry); e.account.name != "me" || e.by != "key "+ssh.FingerprintSHA256(tt.key) || e.allow.noPTY != tt.noPTY || len(e.account.groups) == 0 {
				t.Errorf("%s: enters as %+v", name, e)
			}
		}
	}
	if os.Getuid() == 0 { // the folders are root's and closed to all others, which is no fault of theirs
		if _, err := s.checkKey(who{name: "ben"}, good); err != nil {
			t.Errorf("root's files: %v", err)
		}
		if err := os.Chown(home+"/.ssh", 70002, 70002); err != nil {
			t.Fatal(err)
		}
		if _, err := s.checkKey(who{name: "ben"}, good); err == nil {
			t.Error("a folder of somebody else's counts")
		}
	}
}

// Who tried and failed is told from who only looked; the last refusal is the one that is told.
func TestJudge(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	for _, tt := range []struct {
		err     error
		verdict verdict
		says    string
	}{
		{nil, loggedIn, "<nil>"}, {io.EOF, looked, "EOF"}, {&ssh.ServerAuthError{Errors: []error{ssh.ErrNoAuth}}, looked, "it offered neither key nor password"}, {&ssh.ServerAuthError{}, looked, "it offered neither key nor password"},
		{&ssh.ServerAuthError{Errors: []error{ssh.ErrNoAuth, one, two}}, refused, "2 refused; the last: two"}, {&ssh.ServerAuthError{Errors: []error{ssh.ErrNoAuth, one, ssh.ErrNoAuth}}, refused, "1 refused; the last: one"},
		{&ssh.ServerAuthError{Errors: []error{one}}, refused, "0 refused; the last: one"},
	} {
		if got := judge(tt.err); got != tt.verdict {
			t.Errorf("%v is judged %d, want %d", tt.err, got, tt.verdict)
		}
		if got := fmt.Sprint(reason(tt.err)); got != tt.says {
			t.Errorf("%v reads %q, want %q", tt.err, got, tt.says)
		}
	}
}

// listener is one whose machine is out of files twice.
type listener struct {
	net.Listener
	errs   []error
	closed int
}

func (l *listener) Close() error { l.closed++; return nil }

func (l *listener) Accept() (net.Conn, error) {
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func TestServeGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		l := &listener{errs: []error{unix.EMFILE, unix.EMFILE, net.ErrClosed}}
		(&server{log: discard()}).serve(t.Context(), l)
		if took := time.Since(begin); took != 2*time.Second || len(l.errs) != 0 {
			t.Errorf("ended after %v, %d left", took, len(l.errs))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		(&server{log: discard()}).serve(ctx, l)
		synctest.Wait()
		if l.closed != 1 {
			t.Errorf("closed %d times", l.closed)
		}
	})
	s := &server{pending: 3, passwords: true}
	key, err := ensureKey(filepath.Join(t.TempDir(), "a", "key"))
	if err != nil {
		t.Fatal(err)
	}
	s.prepare(key)
	if s.guard.places.most != 3 || s.config.MaxAuthTries != 6 || s.config.PasswordCallback == nil || s.config.PublicKeyCallback == nil || s.config.NoClientAuth {
		t.Errorf("%+v", s.config)
	}
	if s.passwords = false; true {
		s.prepare(key)
	}
	if s.config.PasswordCallback != nil {
		t.Error("passwords are taken though nobody said so")
	}
}

// The host key's folder is nobody else's; one that can't be made is an error, and nothing stays.
func TestMakeHostKey(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ssh", "key")
	key, err := ensureKey(file)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ensureKey(file); err != nil || fingerprint(again.PublicKey()) != fingerprint(key.PublicKey()) {
		t.Errorf("another one the second time, %v", err)
	}
	for path, mode := range map[string]os.FileMode{filepath.Dir(file): os.ModeDir | 0o700, file: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if _, err := ensureKey(filepath.Join(file, "below", "key")); err == nil {
		t.Error("a key below a file")
	}
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 64<<10+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readKey(file); err == nil {
		t.Error("a key of any size is read")
	}
}
