package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a shell on a pseudo terminal, as a getty starts it: a session of
// its own, no size.
type terminal struct {
	*testing.T
	master *os.File
	seen   string
}

func newTerminal(t *testing.T, term string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	var n int
	conn, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var errN, errLock error
	if err := conn.Control(func(fd uintptr) {
		n, errN = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		errLock = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
	}); err != nil || errN != nil || errLock != nil {
		t.Fatal(err, errN, errLock)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), shellVariable+"=1", "TERM="+term)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	tt := &terminal{T: t, master: master}
	tt.send("PS1='ready''> '\r") // its echo is not the prompt
	tt.expect("ready> ")
	return tt
}

func (t *terminal) send(keys string) {
	t.Helper()
	if _, err := t.master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// expect waits for text, drops what came up to its end, and returns what came
// before it.
func (t *terminal) expect(want string) string {
	t.Helper()
	if err := t.master.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var buf [1024]byte
	for !strings.Contains(t.seen, want) {
		n, err := t.master.Read(buf[:])
		t.seen += string(buf[:n])
		if err != nil {
			t.Fatalf("waiting for %q: %v after %q", want, err, t.seen)
		}
	}
	before, after, _ := strings.Cut(t.seen, want)
	t.seen = after
	return before
}

func TestTerminal(t *testing.T) {
	for _, term := range []string{"vt220", "dumb"} {
		t.Run(term, func(t *testing.T) {
			tt := newTerminal(t, term)
			tt.send("echo a$((1+1))b\r")
			tt.expect("\na2b")
			tt.expect("ready> ")
			// More than one line to a command.
			tt.send("for i in 1 2\rdo echo it$i\rdone\r")
			tt.expect("it2")
			tt.expect("ready> ")
			// A program is interrupted, the shell is not, nor does the line go on.
			// The first word says when programs run: what is typed before that goes to
			// the editor.
			tt.send("echo o''n; cat; echo status$?\r")
			tt.expect("\non\r\n")
			tt.send("text\r")
			tt.expect("text")
			tt.expect("\ntext") // cat has answered
			tt.send("\x03")
			if before := tt.expect("ready> "); strings.Contains(before, "status") {
				t.Errorf("the line went on after the interrupt: %q", before)
			}
			tt.send("echo $?\r")
			tt.expect("\n130")
			tt.expect("ready> ")
			// A loop without programs.
			tt.send("echo o''n; while :; do :; done\r")
			tt.expect("\non\r\n")
			tt.send("\x03")
			tt.expect("ready> ")
			tt.send("exit 3\r")
		})
	}
}

func TestLineEditor(t *testing.T) {
	tt := newTerminal(t, "vt220")
	tt.send("echo xz\x1b[Dy\r") // left, insert
	tt.expect("\nxyz")
	tt.send("\x1b[A\r") // up
	tt.expect("\nxyz")
	// The editor takes ^C for itself only after it has written its prompt. Before, it is the terminal's, and takes with it what was
	// written and not yet read (n_tty): the editor's echo tells that it reads.
	tt.expect("ready> ")
	tt.send("echo half")
	tt.expect("half")
	tt.send("\x03") // drops the line
	tt.expect("ready> ")
	tt.send("echo whole\r")
	tt.expect("\nwhole")
	tt.send("echo o''n; cat\r") // programs get echo and line ends back
	tt.expect("\non\r\n")
	tt.send("typed\r")
	tt.expect("typed\r\ntyped\r\n")
	tt.send("\x04")
	tt.expect("ready> ")
}
