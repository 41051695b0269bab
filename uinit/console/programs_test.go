package console

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// run is one of the programs that uinit is, with no terminal and nobody to ask.
func run(t *testing.T, name string, args ...string) (status int, said string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", append([]string{"as", name}, args...)...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestExitStatuses(t *testing.T) {
	asRoot(t)
	for _, tt := range []struct {
		args   []string
		status int
		said   string
	}{
		{[]string{"getty"}, 2, "usage: getty"}, {[]string{"getty", "ttyS0", "ttyS1"}, 2, "usage: getty"},
		{[]string{"getty", "ttyNONE7"}, exitAbsent, ""}, {[]string{"getty", "/dev/ttyNONE7"}, exitAbsent, ""}, {[]string{"getty", "null"}, 1, "getty: taking over terminal null"},
		{[]string{"checkpassword"}, 2, "usage: checkpassword"}, {[]string{"checkpassword", "a", "b"}, 2, "usage: checkpassword"},
		{[]string{"checkpassword", "nobody-such"}, 1, ""},
		{[]string{"login"}, 1, "login: reading the modes of terminal null"},
	} {
		status, said := run(t, tt.args[0], tt.args[1:]...)
		if status != tt.status || !strings.HasPrefix(said, tt.said) || tt.said == "" && said != "" {
			t.Errorf("%v: status %d, %q; want %d, %q", tt.args, status, said, tt.status, tt.said)
		}
	}
}

// What getty asks is answered; what nobody knows is passed over.
func TestConverse(t *testing.T) {
	var answers bytes.Buffer
	asked := struct {
		io.Reader
		io.Writer
	}{strings.NewReader("?x?!n"), &answers}
	n := 0
	inside, choice := converse(asked, func() brief { n++; return brief{Status: []string{strings.Repeat("s", n)}} })
	if !inside || choice != NoServices {
		t.Errorf("inside %v, choice %q", inside, choice)
	}
	d := json.NewDecoder(&answers)
	for _, want := range []string{"s", "ss"} {
		var b brief
		if err := d.Decode(&b); err != nil || !slices.Equal(b.Status, []string{want}) {
			t.Errorf("answer %+v, %v", b, err)
		}
	}
	if answers.Len() != 0 && d.More() {
		t.Error("more answers than questions")
	}
	// A prompt comes up without uinit, and without waiting for it.
	ours, theirs, err := channel()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	if _, err := (&asker{c: theirs, replies: bufio.NewReader(theirs)}).brief(time.Millisecond); !errors.Is(err, errNobody) {
		t.Errorf("nobody answers: %v", err)
	}
	if b, err := (*asker)(nil).brief(time.Hour); err != nil || b.Menu || b.Rescue != nil {
		t.Errorf("started by hand: %+v, %v", b, err)
	}
	(*asker)(nil).inside()
}

// root gets another shell where its own is broken; nobody else does.
func TestFindShell(t *testing.T) {
	dir := t.TempDir()
	plain, program, folder := filepath.Join(dir, "plain"), filepath.Join(dir, "program"), filepath.Join(dir, "folder")
	if err := errors.Join(os.WriteFile(plain, nil, 0o644), os.WriteFile(program, nil, 0o645), os.Mkdir(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		a    account
		want string
		err  string
	}{
		{account{uid: 5}, "/bin/sh", ""}, {account{shell: program, uid: 5}, program, ""}, {account{shell: program}, program, ""},
		{account{shell: plain, uid: 5}, "", "is not a program"}, {account{shell: folder, uid: 5}, "", "is not a program"}, {account{shell: "sh", uid: 5}, "", `"sh" is not an absolute path`},
		{account{shell: plain}, "/bin/sh", "is not a program; starting /bin/sh instead"},
	} {
		got, err := findShell(tt.a)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%+v: %q, %v; want %q, %q", tt.a, got, err, tt.want, tt.err)
		}
	}
}

// A second account of number 0 is no other root, and root is nobody else's number.
func TestRootsAccount(t *testing.T) {
	rescue := account{name: "root", home: "/root", shell: "/bin/sh"}
	for passwd, want := range map[string]account{
		"toor:x:0:0::/t:/bin/t\nroot:x:0:0::/r:/bin/r\n": {name: "root", home: "/r", shell: "/bin/r"},
		"toor:x:0:0::/t:/bin/t\n":                        rescue,
		"root:x:1000:0::/r:/bin/r\n":                     rescue,
		"root:x:4294967296:0::/r:/bin/r\n":               rescue,
		"root:x:0:4294967296::/r:/bin/r\n":               rescue,
	} {
		etc := t.TempDir()
		if err := os.WriteFile(filepath.Join(etc, "passwd"), []byte(passwd), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := root(etc); got != want {
			t.Errorf("%q: %+v, want %+v", passwd, got, want)
		}
	}
	if got := root(t.TempDir()); got != rescue {
		t.Errorf("without accounts: %+v", got)
	}
}

// Some makers' ways of saying nothing.
func TestVagueSerialNumbers(t *testing.T) {
	h := machine(t, nil)
	for text, want := range map[string]string{"0": "", "00": "00", "N/A": "", "Not Specified": "", "not applicable": "", "Default string": "", "System Serial Number": "", "0123456789": "", "123456789": "", "1": "1"} {
		put(t, filepath.Join(h.sys, "class/dmi/id/product_serial"), text+"\n")
		if got := h.serialNumber(); got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
	}
}

func TestSmallDecisions(t *testing.T) {
	for name, want := range map[string]string{"tty1": "linux", "ttyS0": "vt220", "hvc0": "vt220"} {
		if got := defaultTerm(name); got != want {
			t.Errorf("TERM of %s is %s, want %s", name, got, want)
		}
	}
	for text, want := range map[string]string{"a\x1b[2J\tb\n": "a[2Jb\n", "\x7f\u0080\u009f\u00a0é\x00 ~": "\u00a0é ~"} {
		if got := printable(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	etc := t.TempDir()
	for _, tt := range []struct{ motd, hush, want string }{{"hello\n", "", "hello\n"}, {"hello\n", "x", ""}, {" \n", "", ""}, {"", "", ""}} {
		home, shown := t.TempDir(), filepath.Join(t.TempDir(), "terminal")
		f, err := os.Create(shown)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(etc, "motd"), []byte(tt.motd), 0o600); err != nil {
			t.Fatal(err)
		}
		if tt.hush != "" {
			if err := os.WriteFile(filepath.Join(home, ".hushlogin"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		(&login{etc: etc, term: &terminal{File: f}}).motd(home)
		f.Close()
		if got, err := os.ReadFile(shown); string(got) != tt.want || err != nil {
			t.Errorf("%+v: shown %q, %v", tt, got, err)
		}
	}
	for _, tt := range []struct {
		way  spec.Login
		want bool
	}{{spec.LoginAutologin, true}, {spec.LoginPassword, false}} {
		l := &login{etc: t.TempDir(), ask: prompter{Writer: io.Discard}}
		if err := l.admitted(tt.way); (err == nil) != tt.want {
			t.Errorf("a console of %q: %v", tt.way, err)
		}
	}
}
