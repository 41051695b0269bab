package console

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// What the issue text knows of the machine, seen in one of its own: its name, its links with the addresses that can be used, the
// speed of a line but not of a screen.
func TestObserve(t *testing.T) {
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNS|syscall.CLONE_NEWUTS) {
		return
	}
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	for _, place := range []string{"/run", "/etc", "/sys"} {
		err = errors.Join(err, unix.Mount("tmpfs", place, "tmpfs", 0, "mode=755"))
	}
	if err != nil {
		t.Fatal(err)
	}
	for set, want := range map[string]string{"": "localhost", "(none)": "localhost", "box": "box", "b\x1box": "box"} {
		if err := unix.Sethostname([]byte(set)); err != nil {
			t.Fatal(err)
		}
		if got := hostname(); got != want {
			t.Errorf("named %q it is %q", set, got)
		}
	}
	for _, name := range []string{"up", "down", "addressed"} {
		if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}}); err != nil {
			t.Fatal(err)
		}
		l, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "up" {
			err = netlink.LinkSetUp(l)
		}
		if name == "addressed" {
			err = netlink.AddrAdd(l, &netlink.Addr{IPNet: netlink.NewIPNet([]byte{192, 0, 2, 7})})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.MkdirAll("/run/ssh", 0o755), os.WriteFile(hostKeyFile, []byte("SHA256:abc\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	if err := unix.Sethostname([]byte("box")); err != nil {
		t.Fatal(err)
	}
	for name, speed := range map[string]int{"ttyS0": 9600, "tty1": 0} {
		v := machine(t, nil).observe(name, 9600)
		if v.hostname != "box" || v.terminal != name || v.speed != speed || v.hostKey != "SHA256:abc" || v.kernel != unix.ByteSliceToString(u.Release[:]) {
			t.Errorf("%+v", v)
		}
		var seen []string
		for _, l := range v.links {
			seen = append(seen, fmt.Sprint(l.name, slices.DeleteFunc(l.addresses, netip.Addr.Is6)))
		}
		slices.Sort(seen)
		if want := []string{"addressed[192.0.2.7]", "up[]"}; !slices.Equal(seen, want) {
			t.Errorf("links %q, want %q", seen, want)
		}
	}
	// Without a console and without a password.
	if err := Rescue("for a test", false); !errors.Is(err, ErrLocked) {
		t.Errorf("nobody may: %v", err)
	}
	if err := Rescue("for a test", true); err == nil || errors.Is(err, ErrLocked) {
		t.Errorf("nowhere to: %v", err)
	}
}

// A login that somebody asks for on a terminal leaves that as it was when nothing comes of it; it takes a name, and is root's.
func TestLoginProgram(t *testing.T) {
	asRoot(t)
	p := newPTY(t)
	slave, err := os.OpenFile("/dev/"+p.name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS2)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		uid  uint32
		asks string
	}{"a name": {[]string{"-p", "--", "nobody-such"}, 0, "Password: "}, "not root": {[]string{"nobody-such"}, 65534, ""}} {
		cmd := exec.Command("/proc/self/exe", append([]string{"as", "login"}, tt.args...)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Credential: &syscall.Credential{Uid: tt.uid, Gid: tt.uid}}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if tt.asks != "" {
			p.expect(tt.asks)
			p.send("\x03")
		}
		p.expect("login: ")
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS2); err != nil || *after != *before {
			t.Errorf("%s: the terminal is left as %+v, %v; it was %+v", name, after, err, before)
		}
	}
}

// A session is set going also where getty began without standard input: its terminal is that then, and stays open for the shell. Who
// is in a session is no door for the kernel any more, and a terminal that has a size keeps it.
func TestSessionStands(t *testing.T) {
	asRoot(t)
	for _, closed := range []bool{false, true} {
		p := newPTY(t)
		if err := unix.IoctlSetWinsize(int(p.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 0, Col: 99}); err != nil {
			t.Fatal(err)
		}
		files := people("/bin/sh")
		files["passwd"] = "ann:x:70001:70002::/:/bin/sh\n"
		if closed {
			t.Setenv("WITHOUT_INPUT", "1")
		}
		ended := p.start(files, quick, plain)
		p.expect("login: ")
		p.send("ann\n")
		p.expect("Password: ")
		p.send("sesame\n")
		p.send("echo =$(cat /proc/self/oom_score_adj) $(stty size)=; exit\n")
		p.expect("=1000 0 99=")
		if r := <-ended; !r.inside || r.err != nil {
			t.Errorf("without input %v: %+v", closed, r)
		}
	}
}

// Whoever listens for a key gets each one as it comes, and leaves all else as it was.
func TestListening(t *testing.T) {
	was := unix.Termios{Iflag: 1, Oflag: 2, Cflag: 3, Lflag: ^uint32(0)}
	was.Cc[unix.VMIN], was.Cc[unix.VTIME], was.Cc[unix.VEOF] = 7, 8, 9
	want := was
	want.Lflag = ^uint32(unix.ICANON | unix.ECHO)
	want.Cc[unix.VMIN], want.Cc[unix.VTIME] = 1, 0
	if got := listening(was); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestUsualPatience(t *testing.T) {
	if want := (patience{refresh: 2 * time.Second, calm: 5 * time.Minute, typing: time.Minute, failure: 2 * time.Second, worst: 10 * time.Second}); usualPatience != want {
		t.Errorf("%+v, want %+v", usualPatience, want)
	}
	if want := (pace{10 * time.Second, time.Second, 30 * time.Second}); usualPace != want {
		t.Errorf("%+v, want %+v", usualPace, want)
	}
}

// Which of an account's files say what: no shadow file locks all, one that can't be read is an error.
func TestAccountsFiles(t *testing.T) {
	passwd := "ann:x:7:8::/home/ann:/bin/sh\nann:x:9:9::/other:/bin/sh\n:x:0:0::/:/bin/sh\n"
	for name, tt := range map[string]struct {
		shadow string // "/": a folder
		hash   string
		fails  bool
	}{"a hash": {"ann:h:::::::\nann:second:::::::\n", "h", false}, "no row": {"ben:h:::::::\n", "", false}, "no file": {"", "", false}, "two fields": {"ann:h\n", "h", false}, "one": {"ann\n", "", false}, "unreadable": {"/", "", true}, "endless": {strings.Repeat("x", 8<<20+1), "", true}} {
		etc := t.TempDir()
		err := os.WriteFile(filepath.Join(etc, "passwd"), []byte(passwd), 0o600)
		switch tt.shadow {
		case "":
		case "/":
			err = errors.Join(err, os.Mkdir(filepath.Join(etc, "shadow"), 0o700))
		default:
			err = errors.Join(err, os.WriteFile(filepath.Join(etc, "shadow"), []byte(tt.shadow), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		rows, err := accounts(etc)
		if want := (account{"ann", 7, 8, "/home/ann", "/bin/sh", tt.hash}); (err != nil) != tt.fails || err == nil && (len(rows) != 1 || rows["ann"] != want) {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
	etc := t.TempDir()
	if err := os.WriteFile(filepath.Join(etc, "passwd"), []byte(strings.Repeat("x", 8<<20+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := accounts(etc); err == nil {
		t.Error("a line without end is no error")
	}
	for hash, want := range map[string]bool{"": true, "!": true, "*": true, "!h": true, "*h": true, "h": false, "$6$": false} {
		if got := (account{hash: hash}).locked(); got != want {
			t.Errorf("%q is locked: %v", hash, got)
		}
	}
	hashed := account{hash: "$6$a"}
	for _, tt := range []struct {
		rows map[string]account
		want string
	}{
		{map[string]account{"root": {hash: "$6$r"}, "a": hashed}, "$6$r"}, {map[string]account{"root": {hash: "!"}, "b": {hash: "$6$b"}, "a": hashed}, "$6$a"},
		{map[string]account{"a": {hash: "*"}}, decoy}, {nil, decoy},
	} {
		if got := decoyFor(tt.rows); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.rows, got, tt.want)
		}
	}
}
