package console

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func owner(t *testing.T, path string) string {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%d %o", st.Uid, st.Gid, st.Mode&0o7777)
}

// A terminal is root's while it asks, then the person's; group tty may write where there is one. A session has the
// account's groups and no other: not those of the init that started it.
func TestTerminalsAndSessionsBelongToTheirAccount(t *testing.T) {
	asRoot(t)
	for name, tt := range map[string]struct{ group, terminal, groups string }{
		"members":    {"tty:x:5:\nkvm:x:104:bob,ann\ndisk:x:6:bob\nown:x:70002:ann\n", "70001:5 620", "70002 104"},
		"no tty":     {"kvm:x:104:bob\n", "70001:70002 600", "70002"},
		"no file":    {"", "70001:70002 600", "70002"},
		"odd number": {"tty:x:five:\nkvm:x:-1:ann\nbig:x:2147483648:ann\nlast:x:2147483647:ann\n", "70001:70002 600", "70002 2147483647"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPTY(t)
			files := people("/bin/sh")
			files["passwd"] = "ann:x:70001:70002::/:/bin/sh\n"
			if files["group"] = tt.group; tt.group == "" {
				delete(files, "group")
			}
			if err := errors.Join(os.Chown("/dev/"+p.name, 4711, 4711), os.Chmod("/dev/"+p.name, 0o666)); err != nil {
				t.Fatal(err)
			}
			p.start(files, quick, plain)
			p.expect("login: ")
			if got := owner(t, "/dev/"+p.name); got != "0:0 600" {
				t.Errorf("while it asks, the terminal is %s", got)
			}
			p.send("ann\n")
			p.expect("Password: ")
			p.send("sesame\n")
			p.send("echo =$(id -u) $(id -g) $(id -G)=; tr '\\0' ' ' </proc/$$/environ; echo; grep -E '^(Uid|Gid)' /proc/self/status | tr '\\t\\n' '  '; echo =\n")
			p.expect("=70001 70002 " + tt.groups + "=\r\nHOME=/ USER=ann LOGNAME=ann SHELL=/bin/sh PATH=" + spec.SearchPath + " TERM=vt220 \r\n")
			p.expect("Uid: 70001 70001 70001 70001 Gid: 70002 70002 70002 70002 =")
			if got := owner(t, "/dev/"+p.name); got != tt.terminal {
				t.Errorf("in the session, the terminal is %s, want %s", got, tt.terminal)
			}
		})
	}
}

// A program that the last user left at a terminal can neither draw a prompt there nor read the next one's password.
func TestNobodyElseAtTheTerminal(t *testing.T) {
	asRoot(t)
	p := newPTY(t)
	left, err := thisHost.openTerminal(p.name)
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	p.start(people("/bin/sh"), quick, plain)
	p.expect("login: ")
	if _, err := left.WriteString("Password: "); err == nil {
		t.Error("somebody else draws a prompt")
	}
	p.send("ann\n")
	p.expect("Password: ")
	if n, err := left.Read(make([]byte, 10)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("somebody else reads: %d, %v", n, err)
	}
}

// Whatever a program left behind, a shell finds its terminal as stty(1) calls it sane, and prompts find one that does nothing by itself.
func TestModes(t *testing.T) {
	p := newPTY(t)
	f, err := thisHost.openTerminal(p.name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	term, err := newTerminal(f, p.name)
	if err != nil {
		t.Fatal(err)
	}
	const keys = "intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>; eol2 = <undef>; swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R; werase = ^W; lnext = ^V; discard = ^O; min = 1; time = 0;"
	const rest = "-ignpar -parmrk -inpck -istrip -inlcr -igncr icrnl IXON -ixoff -iuclc -ixany imaxbel iutf8 " +
		"opost -olcuc -ocrnl onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0 "
	for name, tt := range map[string]struct {
		modes func(unix.Termios) unix.Termios
		want  string
	}{
		"cooked": {cooked, "ignbrk -brkint " + strings.Replace(rest, "IXON", "ixon", 1) + "isig icanon iexten echo echoe echok -echonl -noflsh -xcase -tostop -echoprt echoctl echoke -flusho -extproc"},
		"asking": {asking, "ignbrk -brkint " + strings.Replace(rest, "IXON", "-ixon", 1) + "-isig -icanon -iexten -echo -echoe -echok -echonl -noflsh -xcase -tostop -echoprt -echoctl -echoke -flusho -extproc"},
	} {
		bad := term.mode
		bad.Iflag, bad.Oflag, bad.Lflag = ^bad.Iflag, ^bad.Oflag, ^bad.Lflag
		for i := range bad.Cc {
			bad.Cc[i] = 'x'
		}
		if err := term.set(tt.modes(bad)); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("stty", "-F", filepath.Join("/dev", p.name), "-a").CombinedOutput()
		text := strings.Join(strings.Fields(string(out)), " ")
		if err != nil || !strings.Contains(text, keys) || !strings.HasSuffix(text, tt.want) {
			t.Errorf("%s: %v\n%s\nwant\n%s … %s", name, err, text, keys, tt.want)
		}
	}
}
