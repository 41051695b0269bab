package main

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/strangers"
)

func TestCommands(t *testing.T) {
	b := newBox(t, nil)
	big := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB, more than any window
	for _, tt := range []struct {
		name, stdin, command string
		out, errs            string
		status               int
	}{
		{"output and errors", "", "echo out; echo err >&2", "out\n", "err\n", 0},
		{"status", "", "exit 42", "", "", 42},
		{"signal", "", "kill -TERM $$", "", "", 255},
		{"input", "a\nb\n", "cat", "a\nb\n", "", 0},
		{"much input", big, "wc -c", strconv.Itoa(len(big)) + "\n", "", 0},
		{"much output", big, "cat", big, "", 0},
		{"output goes on while the program has ended", "", "seq 1 200000 | tail -1", "200000\n", "", 0},
		{"input that nobody reads", big, "true", "", "", 0},
		{"unknown command", "", "no-such-program 2>/dev/null", "", "", 127},
		{"environment", "", `echo "$USER $LOGNAME $SHELL ${TERM:-none} ${SSH_TTY:-none} ${SSH_CONNECTION%% *} $LC_TEST"; cd; pwd`,
			"me me /bin/bash dumb none 127.0.0.1 de\n" + filepath.Join(b.dir, "me") + "\n", "", 0},
		{"something left in the background", "", "sleep 20 & echo done", "done\n", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := b.ssh("me", "good", "-oSendEnv=LC_TEST", "-oSendEnv=LD_PRELOAD", tt.command)
			cmd.Env = append(os.Environ(), "LC_TEST=de")
			cmd.Stdin = strings.NewReader(tt.stdin)
			out, errs, status := b.run(cmd)
			if out != tt.out || errs != tt.errs || status != tt.status {
				t.Errorf("got %.200q, %.200q, %d; want %.200q, %.200q, %d", out, errs, status, tt.out, tt.errs, tt.status)
			}
		})
	}
}

func TestWhoGetsIn(t *testing.T) {
	b := newBox(t, nil)
	for _, tt := range []struct {
		user, key string
		in        bool
		log       string
	}{
		{"me", "good", true, "logged in as me by key SHA256:"},
		{"me", "stranger", false, "not among the account's keys"},
		{"me", "elsewhere", false, "the key is not good for 127.0.0.1"},
		{"me", "odd", false, `option "permitopen" of the key is not supported`},
		{"nobody-such", "good", false, "no such account"},
	} {
		b.server.guard.forgive() // each row is somebody else
		before := len(b.journal.String())
		_, _, status := b.run(b.ssh(tt.user, tt.key, "true"))
		if in := status == 0; in != tt.in {
			t.Errorf("%s with key %s: status %d, want in = %v", tt.user, tt.key, status, tt.in)
		}
		await(t, "log of "+tt.user+" with "+tt.key+": "+tt.log, func() bool { return strings.Contains(b.journal.String()[before:], tt.log) })
	}
}

func TestKeysThatOthersCouldWriteDoNotCount(t *testing.T) {
	b := newBox(t, nil)
	file := filepath.Join(b.dir, "me/.ssh/authorized_keys")
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, status := b.run(b.ssh("me", "good", "true")); status == 0 {
		t.Error("the key was taken")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	// A named pipe must not hold anybody up.
	if err := exec.Command("mkfifo", "-m", "600", file).Run(); err != nil {
		t.Fatal(err)
	}
	if _, _, status := b.run(b.ssh("me", "good", "true")); status == 0 {
		t.Error("a key came out of a pipe")
	}
	// Nor may an account have root open what it leads to, a watchdog, say.
	if err := errors.Join(os.Remove(file), os.Symlink("/dev/zero", file)); err != nil {
		t.Fatal(err)
	}
	if _, err := readKeys(account{home: filepath.Join(b.dir, "me"), uid: uint32(os.Getuid())}); err == nil || !strings.HasSuffix(err.Error(), "is a symbolic link; accepted: a regular file") {
		t.Errorf("keys that are a link: %v", err)
	}
}

func TestForcedCommand(t *testing.T) {
	b := newBox(t, nil)
	if out, _, status := b.run(b.ssh("me", "forced", "rm -rf x")); out != "forced rm -rf x\n" || status != 0 {
		t.Errorf("got %q, %d", out, status)
	}
	if out, _, status := b.run(b.ssh("me", "forced")); out != "forced\n" || status != 0 {
		t.Errorf("in place of a shell: %q, %d", out, status)
	}
	if out, _, status := b.run(b.ssh("me", "forced", "-tt", "x")); strings.Contains(out, "forced") || status == 0 {
		t.Errorf("a terminal although the key forbids it: %q, %d", out, status)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel() // who is refused waits
	checker := filepath.Join(t.TempDir(), "checker")
	text := "#!/bin/sh\n[ \"$1 $2\" = 'checkpassword me' ] && [ \"$(cat)\" = 'right one' ]\n"
	if err := os.WriteFile(checker, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	login := func(b *box, password string) int {
		ask := filepath.Join(b.dir, "ask")
		if err := os.WriteFile(ask, []byte("#!/bin/sh\necho '"+password+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := b.ssh("me", "stranger", "-oBatchMode=no", "-oNumberOfPasswordPrompts=1", "-oPubkeyAuthentication=no", "true")
		// The first value of an option wins.
		for i, a := range cmd.Args {
			if a == "BatchMode=yes" {
				cmd.Args[i] = "BatchMode=no"
			}
		}
		cmd.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none")
		_, _, status := b.run(cmd)
		return status
	}
	keysOnly := newBox(t, func(s *server) { s.checker = checker })
	if login(keysOnly, "right one") == 0 {
		t.Error("a password was taken where only keys are")
	}
	b := newBox(t, func(s *server) { s.passwords, s.checker = true, checker })
	if login(b, "right one") != 0 {
		t.Error("the right password was refused")
	}
	begin := time.Now()
	if login(b, "wrong") == 0 {
		t.Error("a wrong password was taken")
	}
	if took := time.Since(begin); took < penalty {
		t.Errorf("a wrong password took %v, less than %v", took, penalty)
	}
}

func TestSessionsBelongToTheirAccount(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	b := newBox(t, nil)
	out, _, status := b.run(b.ssh("guest", "good", "id -u; id -G | tr ' ' '\n' | sort -n | xargs; umask; touch mine; stat -c %u mine"))
	if want := "54321\n50 54321\n0022\n54321\n"; out != want || status != 0 {
		t.Errorf("got %q, %d; want %q", out, status, want)
	}
	out, _, _ = b.run(b.ssh("guest", "good", "-tt", "stat -c '%u %g %a' $(tty)"))
	if want := "54321 5 620\r\n"; out != want {
		t.Errorf("terminal: %q, want %q", out, want)
	}
	// Without a home there is a session all the same.
	if err := os.Chmod(filepath.Join(b.dir, "guest"), 0o700); err != nil {
		t.Fatal(err)
	}
	out, _, status = b.run(b.ssh("guest", "good", "pwd"))
	if out != filepath.Join(b.dir, "guest")+"\n" || status != 0 {
		t.Errorf("private home: %q, %d", out, status)
	}
}

func TestNothingIsForwarded(t *testing.T) {
	b := newBox(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, _, status := b.run(b.ssh("me", "good", "-W"+l.Addr().String())); status == 0 {
		t.Error("ssh -W reached a port")
	}
	if _, _, status := b.run(b.ssh("me", "good", "-oExitOnForwardFailure=yes", "-R0:"+l.Addr().String(), "true")); status == 0 {
		t.Error("ssh -R got a port")
	}
}

func TestLimits(t *testing.T) {
	b := newBox(t, func(s *server) { s.grace, s.pending = 300*time.Millisecond, 2 })
	dial := func() net.Conn {
		c, err := net.Dial("tcp", "127.0.0.1:"+b.port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	idle := dial()
	if _, err := idle.Read(make([]byte, 1)); err != nil { // the server's version: it is in
		t.Fatal(err)
	}
	// One of two places is the most that a client gets.
	if n, err := dial().Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("a second one was let in: %d, %v", n, err)
	}
	begin := time.Now()
	if _, err := io.Copy(io.Discard, idle); err != nil {
		t.Errorf("waiting to be hung up on: %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("a client that does nothing stayed for %v", took)
	}
	guard, client := b.server.guard, strangers.Origin(netip.MustParseAddr("127.0.0.1"))
	await(t, "the place of the one that was too slow", func() bool {
		guard.mu.Lock()
		defer guard.mu.Unlock()
		return guard.places.of(client) == 0 && guard.failed[client].times == 1
	})
}

// The key stays across restarts, and clients that know it are content.
func TestHostKeyIsKept(t *testing.T) {
	b := newBox(t, nil)
	before, err := os.ReadFile(b.server.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	b.stop()
	b.start()
	after, err := os.ReadFile(b.server.keyFile)
	if err != nil || string(before) != string(after) {
		t.Errorf("another key, or none: %v", err)
	}
	if info, err := os.Stat(b.server.keyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key: %v, %v", info.Mode(), err)
	}
	if _, errs, status := b.run(b.ssh("me", "good", "true")); status != 0 {
		t.Errorf("after a restart: %d, %s", status, errs)
	}
	if err := os.Chmod(b.server.keyFile, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ensureKey(b.server.keyFile); err == nil || !strings.Contains(err.Error(), "may be read or written by others (mode 0640)") {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := os.Chmod(b.server.keyFile, 0o600); err != nil {
		t.Fatal(err)
	}
	b.write("state/host-key", "not a key")
	if _, err := ensureKey(b.server.keyFile); err == nil {
		t.Error("a broken key was replaced")
	}
}
