package console

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// sesame is the sha512crypt hash of "sesame" in 1500 rounds, made by libcrypt.
const sesame = "$6$rounds=1500$saltsalt$DNOcwDRuM9EZCNOkXMEiPED3dbEMulYysRVQg6l3s5kjRPt5eXhkI1CjLK0oOPPfkRUo3lVJfCdcC8aWK0Kck0"

// people has one account that may log in, with the identity of whoever runs the test, and one that is locked.
func people(shell string) map[string]string {
	return map[string]string{
		"passwd": fmt.Sprintf("ann:x:%d:%d::/:%s\nbob:x:%[1]d:%[2]d::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n", os.Getuid(), os.Getgid(), shell),
		"shadow": "ann:" + sesame + ":::::::\nbob:!" + sesame + ":::::::\nroot:*:::::::\n",
		"group":  "tty:x:5:\n",
		"motd":   "Mind the gap.\n",
	}
}

func TestLogin(t *testing.T) {
	p := newPTY(t)
	ended := p.start(people("/bin/sh"), quick, plain)
	p.expect("login: ")
	p.send("ann\n")
	p.expect("Password: ")
	p.send("sesame\n")
	p.expect("Mind the gap.")
	p.send("echo $((6*7)) $LOGNAME $TERM $0; stty size speed; grep -q 'SigIgn.*[08]0000000$' /proc/self/status && echo no''thing is ignored; exit 7\n")
	p.expect("42 ann vt220 -sh")
	p.expect("24 80")
	p.expect("115200")
	// No standard signal (1 to 31) is inherited ignored; SIGHUP must end a shell whose
	// terminal is gone.
	p.expect("nothing is ignored")
	if r := <-ended; !r.inside || r.err == nil || r.err.Error() != "exit status 7" {
		t.Errorf("the session ended as %+v, want inside with exit status 7", r)
	}
}

// Refusals look the same whatever their reason, and none opens the way.
func TestLoginRefused(t *testing.T) {
	p := newPTY(t)
	p.start(people("/bin/sh"), quick, plain)
	for _, who := range [][2]string{{"ann", "wrong"}, {"bob", "sesame"}, {"nobody-such", "sesame"}, {"root", ""}, {"ann", ""}} {
		p.expect("login: ")
		p.send(who[0] + "\n")
		p.expect("Password: ")
		p.send(who[1] + "\n")
		if got := p.expect("Login incorrect\r\n"); strings.TrimSpace(got) != "Login incorrect" {
			t.Errorf("%v: refused with %q", who, got)
		}
	}
	p.expect("login: ")
}

func TestLoginEditing(t *testing.T) {
	p := newPTY(t)
	p.start(people("/bin/sh"), quick, plain)
	p.expect("login: ")
	p.send("bob\x15anx\x7fn\x1b[A\r")
	if got := p.expect("Password: "); strings.Contains(got, "[A") {
		t.Errorf("an arrow key was echoed: %q", got)
	}
	p.send("rubbish\x15sesane\x7f\x7fme\r")
	if got := p.expect("Mind the gap."); strings.Contains(got, "ses") {
		t.Errorf("the password was echoed: %q", got)
	}
}

// Ctrl-C and Ctrl-D start over instead of ending the login.
func TestLoginAborted(t *testing.T) {
	p := newPTY(t)
	p.start(people("/bin/sh"), quick, plain)
	for _, keys := range []string{"\x04", "an\x03", "ann\nses\x03", "ann\n\x04", "\n"} {
		p.expect("login: ")
		p.send(keys)
	}
	p.expect("login: ")
}

// Ctrl-C, Ctrl-Z and fg reach the shell's jobs: the terminal is its controlling one.
func TestLoginJobControl(t *testing.T) {
	p := newPTY(t)
	p.start(people("/bin/sh"), quick, plain)
	p.expect("login: ")
	p.send("ann\n")
	p.expect("Password: ")
	p.send("sesame\n")
	p.expect("Mind the gap.")
	p.send("PS1=rea''dy\n")
	p.expect("ready")
	p.send("cat\n")
	p.expect("cat\r\n")
	p.send("pong\n")
	p.expect("pong")
	p.expect("pong")
	p.send("\x03")
	p.expect("ready")
	p.send("echo status $?\n")
	p.expect("status 130")
	p.expect("ready")
	p.send("set -m; cat\n")
	p.send("still there\n")
	p.expect("still there")
	p.expect("still there")
	p.send("\x1a")
	p.expect("Stopped")
}

func TestLoginWithoutShell(t *testing.T) {
	p := newPTY(t)
	files := people("/no/such/shell")
	// Another number than root's: root would be helped out.
	files["passwd"] = "ann:x:4711:4711::/:/no/such/shell\n"
	ended := p.start(files, quick, plain)
	p.expect("login: ")
	p.send("ann\n")
	p.expect("Password: ")
	p.send("sesame\n")
	p.expect("the login shell of ann can't run: stat /no/such/shell")
	<-ended
}

func TestAutologin(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become root")
	}
	p := newPTY(t)
	files := map[string]string{"passwd": "root:x:0:0::/no/such/home:/no/such/shell\n", "shadow": "root:!:::::::\n"}
	p.start(files, quick, func() brief {
		return brief{Console: spec.Console{Login: spec.LoginAutologin, Term: "xterm"}, Version: "2026.49", Status: []string{"link:lan failed"}}
	})
	p.expect("version  2026.49")
	p.expect("! link:lan failed")
	p.expect("starting /bin/sh instead")
	p.expect("No home directory")
	p.send("echo $((1+1))$TERM $HOME $(id -u)\n")
	p.expect("2xterm / 0")
}

// What changes while nobody types is drawn again; what is typed stays.
func TestIssueFollowsStatus(t *testing.T) {
	p := newPTY(t)
	status := make(chan string, 1)
	status <- "starting"
	p.start(people("/bin/sh"), quick, func() brief {
		s := <-status
		status <- s
		return brief{Console: spec.Console{Login: spec.LoginPassword}, Status: []string{s}}
	})
	p.expect("! starting")
	p.expect("login: ")
	<-status
	status <- "link:lan late"
	p.expect("! link:lan late")
	p.expect("login: ")
}
