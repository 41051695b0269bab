package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/go-crypt/x/yescrypt"
	"golang.org/x/sys/unix"
)

// hashed runs "imgbuild hash" with a password in a pipe.
func hashed(t *testing.T, password string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"hash"}, args...), strings.NewReader(password), &out, &errs)
	return code, out.String(), errs.String()
}

// verifies says whether a profile's text has a hash of the password at root's key.
func verifies(t *testing.T, text, user, password string) bool {
	t.Helper()
	var p struct {
		User map[string]struct {
			PasswordHash string `toml:"password_hash"`
			NTHash       string `toml:"nt_hash"`
		}
	}
	if _, err := toml.Decode(text, &p); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	hash := p.User[user].PasswordHash
	got, err := yescrypt.Hash([]byte(password), []byte(hash))
	return err == nil && string(got) == hash
}

// What is printed can be pasted into a profile as it is.
func TestHash(t *testing.T) {
	for _, password := range []string{"geheim", "geheim\n", "geheim\r\n"} {
		if code, stdout, stderr := hashed(t, password); code != exitDone || stderr != "" || !verifies(t, stdout, "root", "geheim") {
			t.Errorf("%q: exit %d, %q, %q", password, code, stdout, stderr)
		}
	}
	if code, stdout, _ := hashed(t, "x y", "anna.b"); code != exitDone || !verifies(t, stdout, "anna.b", "x y") {
		t.Errorf("exit %d, %q", code, stdout)
	}
	if code, stdout, _ := hashed(t, "Password", "anna", "--smb"); code != exitDone || stdout != "[user.anna]\nnt_hash = \"A4F49C406510BDCAB6824EE7C30FD852\"\n" {
		t.Errorf("exit %d, %q", code, stdout)
	}
	if code, stdout, _ := hashed(t, "x", "--grub"); code != exitDone || !strings.HasPrefix(stdout, "[boot]\npassword_hash = \"grub.pbkdf2.sha512.10000.") {
		t.Errorf("exit %d, %q", code, stdout)
	}
	for want, c := range map[string]struct {
		password string
		args     []string
	}{
		"the password is empty":                           {"\n", nil},
		"there is more than one line":                     {"a\nb\n", nil},
		"is longer than 1024 bytes":                       {strings.Repeat("x", 1025), nil},
		"has a character in it that is none to be typed":  {"a\tb", nil},
		"--smb and --grub ask for different hashes":       {"x", []string{"--smb", "--grub"}},
		"takes one account's name, got 2":                 {"x", []string{"a", "b"}},
		"--grub is for the boot menu, which knows no acc": {"x", []string{"a", "--grub"}},
	} {
		if code, stdout, stderr := hashed(t, c.password, c.args...); code == exitDone || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("exit %d, %q, %q, want %q", code, stdout, stderr, want)
		}
	}
}

// answering is standard error before a person, who types the next line when asked.
type answering struct {
	bytes.Buffer
	terminal *os.File
	lines    []string
	end      context.CancelFunc // called in place of a line, once there is none
}

func (a *answering) Write(b []byte) (int, error) {
	a.Buffer.Write(b)
	if bytes.HasSuffix(b, []byte(": ")) {
		if len(a.lines) == 0 {
			a.end()
		} else {
			fmt.Fprintf(a.terminal, "%s\n", a.lines[0])
			a.lines = a.lines[1:]
		}
	}
	return len(b), nil
}

// At a terminal it is asked for twice and shown never, and whoever breaks it off has the terminal as it was.
func TestHashAtATerminal(t *testing.T) {
	for name, c := range map[string]struct {
		typed []string
		code  int
		says  string
	}{
		"twice the same":   {[]string{"geheim", "geheim"}, exitDone, "Password: \nOnce more: \n"},
		"two others":       {[]string{"geheim", "gehiem"}, exitFailed, "the two are not the same; nothing was hashed"},
		"nothing":          {[]string{""}, exitFailed, "the password is empty"},
		"broken off":       {nil, exitFailed, "interrupted"},
		"broken off later": {[]string{"geheim"}, exitFailed, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			master, slave := pseudoTerminal(t)
			before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			errs, out := &answering{terminal: master, lines: c.typed, end: cancel}, new(bytes.Buffer)
			code := run(ctx, []string{"hash"}, slave, out, errs)
			if code != c.code || !strings.Contains(errs.String(), c.says) || c.code == exitDone && !verifies(t, out.String(), "root", "geheim") || c.code != exitDone && out.Len() > 0 {
				t.Errorf("exit %d, %q, %q", code, out.String(), errs.String())
			}
			after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil || *after != *before {
				t.Errorf("the terminal is %+v, was %+v, %v", after, before, err)
			}
			fmt.Fprint(slave, "end")
			shown := make([]byte, 1000)
			n, err := master.Read(shown)
			if got := strings.TrimSpace(string(shown[:n])); err != nil || got != "end" && got != "" {
				t.Errorf("the screen shows %q, %v", got, err)
			}
		})
	}
}

// pseudoTerminal is a terminal and the side of who sits at it.
func pseudoTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}
