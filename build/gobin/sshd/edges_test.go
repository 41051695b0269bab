package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/strangers"
)

// visitor is where a client is.
var visitor = netip.MustParseAddr("192.0.2.1")

// A wrong password takes two seconds, whatever is wrong: the account, the password, its length, or the machine.
func TestWrongPasswordsTakeOneTime(t *testing.T) {
	for name, password := range map[string]string{"nobody-such": "x", "": "x", "-option": "x", "root": strings.Repeat("x", maxPassword+1), "ann": ""} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{checker: "/no/such/checker", etc: t.TempDir()}
			begin := time.Now()
			if _, err := s.checkPassword(name, []byte(password)); err == nil || time.Since(begin) != 2*time.Second {
				t.Errorf("%q: %v after %v", name, err, time.Since(begin))
			}
		})
	}
}

// The checker decides, and only about whom there is; what looks like an option or is too long never gets to it.
func TestWhatTheCheckerIsAsked(t *testing.T) {
	t.Parallel() // who is refused waits
	dir := t.TempDir()
	checker, asked := filepath.Join(dir, "checker"), filepath.Join(dir, "asked")
	script := "#!/bin/sh\necho \"$1 $2 $(wc -c)\" >>" + asked + "\n[ \"$2\" != eve ]\n"
	if err := errors.Join(os.WriteFile(checker, []byte(script), 0o755), os.WriteFile(filepath.Join(dir, "passwd"), []byte("ann:x:5:6::/:/bin/sh\neve:x:7:7::/:/bin/sh\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	s := &server{checker: checker, etc: dir}
	for _, tt := range []struct {
		name, password string
		in             bool
		asked          string
	}{
		{"ann", "secret", true, "checkpassword ann 6\n"}, {"ann", strings.Repeat("x", maxPassword), true, "checkpassword ann 512\n"}, {"eve", "secret", false, "checkpassword eve 6\n"},
		{"gone", "secret", false, "checkpassword gone 6\n"}, {"-ann", "secret", false, ""}, {"ann", strings.Repeat("x", maxPassword+1), false, ""},
	} {
		_ = os.Remove(asked)
		e, err := s.checkPassword(tt.name, []byte(tt.password))
		text, _ := os.ReadFile(asked)
		if (err == nil) != tt.in || string(text) != tt.asked {
			t.Errorf("%s: %v, asked %q", tt.name, err, text)
		}
		if err == nil {
			if e.account.uid != 5 || e.account.gid != 6 || e.by != "password" {
				t.Errorf("%s enters as %+v", tt.name, e)
			}
		}
	}
}

// Root is kept out where that is asked for, under whatever name, and nobody else is.
func TestWithoutRoot(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "passwd"), []byte("root:x:0:0::/root:/bin/sh\ntoor:x:0:7::/:/bin/sh\nann:x:5:0::/:/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, without := range []bool{false, true} {
		s := &server{etc: dir, withoutRoot: without}
		for name, in := range map[string]bool{"root": !without, "toor": !without, "ann": true, "gone": false} {
			if a, err := s.admitted(name); (err == nil) != in || in && a.name != name {
				t.Errorf("without root %v: %s: %+v, %v", without, name, a, err)
			}
		}
	}
}

// Who failed stays away for as long as it was told, and is forgiven after its time.
func TestGuardEdges(t *testing.T) {
	now := time.Unix(1000, 0)
	at := netip.MustParseAddr("192.0.2.1")
	fail := func(g *guard, n int) {
		for range n {
			g.leave(g.places.enter(at, nil), refused, now)
		}
	}
	for n, pause := range map[int]time.Duration{3: 0, 4: 2 * time.Second, 5: 4 * time.Second, 9: 64 * time.Second, 10: 2 * time.Minute, 50: 2 * time.Minute} {
		g := calm(4)
		fail(g, n)
		if r := g.failed[strangers.Origin(at)]; r.times != n || r.until.Sub(now) != pause {
			t.Errorf("%d failures: away for %v", n, r.until.Sub(now))
		}
		_, before := g.enter(at, now.Add(pause-1), nil)
		if _, after := g.enter(at, now.Add(pause), nil); pause > 0 && (before == "" || after != "") {
			t.Errorf("%d failures: not let in after %v, or before", n, pause)
		}
	}
	for after, times := range map[time.Duration]int{forgotten: 4, forgotten + 1: 1} {
		g := calm(4)
		fail(g, 3)
		now = now.Add(after)
		if fail(g, 1); g.failed[strangers.Origin(at)].times != times {
			t.Errorf("a failure %v later counts %d", after, g.failed[strangers.Origin(at)].times)
		}
	}
	g := calm(4)
	fail(g, 3)
	first := g.places.enter(at, nil)
	g.places.enter(at, nil)
	if g.leave(first, looked, now); g.places.enter(at, nil) == nil || g.places.enter(at, nil) != nil || g.failed[strangers.Origin(at)].times != 3 {
		t.Errorf("who only looked: %+v", g.failed)
	}
	// What is over is forgotten first, and all of it only when that is not enough.
	g = calm(4)
	for i := range maxRecords {
		until := now
		if i < 10 {
			until = now.Add(-forgotten - 1)
		}
		g.failed[netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32)] = record{1, until}
	}
	if fail(g, 1); len(g.failed) != maxRecords-10+1 {
		t.Errorf("%d are remembered", len(g.failed))
	}
	for len(g.failed) < maxRecords {
		g.failed[netip.PrefixFrom(netip.AddrFrom4([4]byte{11, 0, byte(len(g.failed) >> 8), byte(len(g.failed))}), 32)] = record{1, now}
	}
	if fail(g, 1); len(g.failed) != 1 {
		t.Errorf("%d are remembered where there is no room", len(g.failed))
	}
}

func TestCrowdEdges(t *testing.T) {
	var c crowd
	ann, root := account{name: "ann", uid: 5}, account{name: "root"}
	for range 32 {
		if !c.enter(ann) || !c.enter(root) {
			t.Fatal("there is room for 32")
		}
	}
	if c.enter(ann) || !c.enter(root) || !c.enter(account{name: "bob", uid: 6}) {
		t.Error("there is room for 33, or none for root or another")
	}
	c.leave(ann)
	if !c.enter(ann) || c.enter(ann) {
		t.Error("a place that was left is not one")
	}
	for range 32 {
		c.leave(ann)
	}
	if _, known := c.count["ann"]; known {
		t.Error("an account without connections is counted")
	}
}

func TestKeyOptions(t *testing.T) {
	for option, want := range map[string]string{
		"no-pty": "{ true []}", "PTY": "{ false []}", "restrict": "{ true []}", "no-port-forwarding": "{ false []}", "no-agent-forwarding": "{ false []}", "no-X11-forwarding": "{ false []}", "no-user-rc": "{ false []}",
		`command="x"`: "{x false []}", `COMMAND="a\"b"`: `{a"b false []}`, `from="a,b"`: "{ false [a b]}", `command=""`: "{ false []}",
		"command": "", "from": "", `command=x`: "", `command="x`: "", `command=x"`: "", `no-pty="x"`: "", `environment="A=b"`: "", "agent-forwarding": "", "": "",
	} {
		r, err := parseOptions([]string{option})
		if got := fmt.Sprint(r); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %s, %v; want %q", option, got, err, want)
		}
	}
	here := netip.MustParseAddr("192.0.2.7")
	for from, want := range map[string]bool{"192.0.2.7": true, "192.0.2.8": false, "192.0.2.0/29": true, "192.0.2.8/29": false, "*": true, " 192.0.2.7 ": true, "!192.0.2.7": false, "!192.0.2.8": false, "*,!192.0.2.7": false, "!192.0.2.7,*": false, "*,!192.0.2.8": true, "::ffff:192.0.2.7": true, "": false, "host": false} {
		if got := (rules{from: strings.Split(from, ",")}).allows(here); got != want {
			t.Errorf("from %q allows: %v", from, got)
		}
	}
	if !(rules{}).allows(here) {
		t.Error("a key without from is good for nobody")
	}
}

// Whose files count: nobody else's, and none that others could write.
func TestOwns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	me := uint32(os.Getuid())
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o644: true, 0o755: true, 0o620: false, 0o602: false, 0o622: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := (account{uid: me}).owns(f); (err == nil) != ok {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if me != 0 {
		return
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.Chown(path, 70001, 0)); err != nil {
		t.Fatal(err)
	}
	for uid, ok := range map[uint32]bool{70001: true, 70002: false, 0: false} {
		if err := (account{uid: uid}).owns(f); (err == nil) != ok {
			t.Errorf("of 70001, for %d: %v", uid, err)
		}
	}
	if err := os.Chown(path, 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := (account{uid: 70002}).owns(f); err != nil {
		t.Errorf("root's: %v", err)
	}
}

func TestSessionsWords(t *testing.T) {
	for _, tt := range []struct {
		command string
		want    []string
	}{{"", []string{"-ash"}}, {"ls", []string{"ash", "-c", "ls"}}} {
		if got := shellArgs("/bin/ash", tt.command); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q", tt.command, got)
		}
	}
	ann := account{name: "ann", home: "/home/ann", shell: "/bin/sh"}
	base := []string{"HOME=/home/ann", "USER=ann", "LOGNAME=ann", "SHELL=/bin/sh", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, tt := range []struct {
		o    launchOptions
		more []string
	}{
		{launchOptions{}, nil}, {launchOptions{command: "x", original: "x"}, nil}, {launchOptions{command: "forced", original: "x"}, []string{"SSH_ORIGINAL_COMMAND=x"}}, {launchOptions{command: "forced"}, []string{"SSH_ORIGINAL_COMMAND="}},
		{launchOptions{environment: []string{"LANG=C", "LC_ALL=a\x00b"}}, []string{"LANG=C"}}, {launchOptions{terminal: &terminal{name: "/dev/pts/3"}}, []string{"TERM=vt220", "SSH_TTY=/dev/pts/3"}}, {launchOptions{terminal: &terminal{name: "t", kind: "xterm"}}, []string{"TERM=xterm", "SSH_TTY=t"}},
	} {
		tt.o.account = ann
		if got := variables(tt.o); !slices.Equal(got, slices.Concat(base, tt.more)) {
			t.Errorf("%+v: %q", tt.o, got)
		}
	}
}

// Each mode is the bit of termios(3) that RFC 4254 means, on and off.
func TestEachMode(t *testing.T) {
	type flags struct{ i, l, o uint32 }
	for mode, want := range map[byte]flags{
		30: {i: unix.IGNPAR}, 31: {i: unix.PARMRK}, 32: {i: unix.INPCK}, 33: {i: unix.ISTRIP}, 34: {i: unix.INLCR}, 35: {i: unix.IGNCR}, 36: {i: unix.ICRNL}, 38: {i: unix.IXON}, 39: {i: unix.IXANY}, 40: {i: unix.IXOFF}, 41: {i: unix.IMAXBEL}, 42: {i: unix.IUTF8},
		50: {l: unix.ISIG}, 51: {l: unix.ICANON}, 53: {l: unix.ECHO}, 54: {l: unix.ECHOE}, 55: {l: unix.ECHOK}, 56: {l: unix.ECHONL}, 57: {l: unix.NOFLSH}, 58: {l: unix.TOSTOP}, 59: {l: unix.IEXTEN}, 60: {l: unix.ECHOCTL}, 61: {l: unix.ECHOKE},
		70: {o: unix.OPOST}, 72: {o: unix.ONLCR}, 73: {o: unix.OCRNL}, 74: {o: unix.ONOCR}, 75: {o: unix.ONLRET}, 37: {}, 52: {}, 71: {}, 90: {}, 159: {},
	} {
		var on unix.Termios
		applyModes(&on, string([]byte{mode, 0, 0, 0, 1}))
		if got := (flags{on.Iflag, on.Lflag, on.Oflag}); got != want {
			t.Errorf("mode %d on: %+v, want %+v", mode, got, want)
		}
		off := unix.Termios{Iflag: ^uint32(0), Lflag: ^uint32(0), Oflag: ^uint32(0)}
		applyModes(&off, string([]byte{mode, 0, 0, 0, 0}))
		if got := (flags{^off.Iflag, ^off.Lflag, ^off.Oflag}); got != want {
			t.Errorf("mode %d off: %+v, want %+v", mode, got, want)
		}
	}
	for mode, at := range map[byte]int{1: unix.VINTR, 2: unix.VQUIT, 3: unix.VERASE, 4: unix.VKILL, 5: unix.VEOF, 6: unix.VEOL, 7: unix.VEOL2, 8: unix.VSTART, 9: unix.VSTOP, 10: unix.VSUSP, 12: unix.VREPRINT, 13: unix.VWERASE, 14: unix.VLNEXT, 18: unix.VDISCARD} {
		var m unix.Termios
		applyModes(&m, string([]byte{mode, 0, 0, 0, 254}))
		if m.Cc[at] != 254 {
			t.Errorf("character %d: %v", mode, m.Cc)
		}
	}
	var m unix.Termios
	applyModes(&m, "\x35\x00\x00\x00") // cut off
	applyModes(&m, "\xa0\x00\x00\x00\x01\x35\x00\x00\x00\x01")
	if m != (unix.Termios{}) {
		t.Errorf("what ends the list, or is cut off, changes %+v", m)
	}
}
