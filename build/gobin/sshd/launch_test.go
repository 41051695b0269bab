package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// me is an account of whoever runs the test.
func me(home string) account {
	return account{name: "me", uid: uint32(os.Getuid()), gid: uint32(os.Getgid()), home: home, shell: "/bin/sh", groups: []uint32{uint32(os.Getgid())}}
}

// follow reads what a program writes as a speaker does, until it has ended.
func follow(t *testing.T, w *wire, p *program, on *terminal) outcome {
	t.Helper()
	files := p.streams
	if on != nil {
		files = append([]*os.File{on.master}, files...)
	}
	s, err := carry(pipe{w}, files)
	if err != nil {
		t.Fatal(err)
	}
	end := p.wait()
	s.copying.Wait() // end is for a client that has gone, who misses what was not read yet
	s.end()
	return end
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
		p, err := launch(launchOptions{account: tt.a, command: tt.command, original: tt.command})
		if (err != nil) != tt.fails {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		end := follow(t, w, p, nil)
		if w.out.String() != tt.out || p.says.Err+w.err.String() != tt.err || !reflect.DeepEqual(end, tt.end) {
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
	p, err := launch(launchOptions{account: me("/none"), command: "tty; pwd", original: "tty; pwd", terminal: term})
	if err != nil {
		t.Fatal(err)
	}
	end := follow(t, w, p, term)
	term.close()
	if want := term.name + "\r\n/\r\n"; w.out.String() != want || end.Payload[3] != 0 {
		t.Errorf("on a terminal: %q, %+v; want %q", w.out.String(), end, want)
	}
}

func TestGreet(t *testing.T) {
	for name, tt := range map[string]struct {
		motd string
		hush bool
		want string
	}{"a greeting": {"a\nb\n", false, "a\r\nb\r\n"}, "quiet, please": {"a\n", true, ""}, "none": {"", false, ""}} {
		etc, home := t.TempDir(), t.TempDir()
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
		if got := greeting(launchOptions{account: account{home: home}, etc: etc}); got != tt.want {
			t.Errorf("%s: %q", name, got)
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
	if _, err := launch(launchOptions{account: account{name: "odd", uid: 6, gid: 6, home: "/", shell: "/bin/sh"}, command: "true", groups: dir}); err == nil {
		t.Error("a session without its group")
	}
}
