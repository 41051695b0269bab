package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// box is a server on loopback, and an OpenSSH client that knows its key.
type box struct {
	t       *testing.T
	dir     string
	port    string
	server  *server
	journal *journal
	stop    context.CancelFunc
}

// journal is what the server logs.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// guestID is an account that is not ours.
const guestID = 54321

// newBox starts a server. Accounts: "me", who runs the test, and "guest"; both take the key "good", "me"
// the keys "forced" and "piped" too, which have options.
func newBox(t *testing.T, change func(*server)) *box {
	t.Helper()
	for _, program := range []string{"ssh", "scp"} {
		needed.Program(t, program)
	}
	b := &box{t: t, dir: t.TempDir(), journal: &journal{}}
	// Temporary directories belong to us alone; the guest has to get through.
	for d := b.dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	etc, home, guest := filepath.Join(b.dir, "etc"), filepath.Join(b.dir, "me"), filepath.Join(b.dir, "guest")
	for _, d := range []string{etc, home, guest, home + "/.ssh", guest + "/.ssh"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.write("etc/passwd", fmt.Sprintf("me:x:%d:%d::%s:/bin/bash\nguest:x:%d:%d::%s:/bin/sh\n", os.Getuid(), os.Getgid(), home, guestID, guestID, guest))
	b.write("etc/group", fmt.Sprintf("tty:x:5:\nstaff:x:50:guest\nguest:x:%d:\n", guestID))
	b.write("etc/motd", "Welcome to the test.\n")
	good := b.newKey("good")
	b.write("me/.ssh/authorized_keys", good+"\n# a comment\ncommand=\"echo forced $SSH_ORIGINAL_COMMAND\",no-pty "+b.newKey("forced")+
		"\nfrom=\"192.0.2.0/24\" "+b.newKey("elsewhere")+"\npermitopen=\"x:1\" "+b.newKey("odd")+"\n")
	b.write("guest/.ssh/authorized_keys", good+"\n")
	b.newKey("stranger")
	if os.Getuid() == 0 {
		for _, p := range []string{"", ".ssh", ".ssh/authorized_keys"} {
			if err := os.Chown(filepath.Join(guest, p), guestID, guestID); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.server = &server{keyFile: filepath.Join(b.dir, "state", "host-key"), etc: etc, empty: filepath.Join(b.dir, "empty"), grace: 10 * time.Second, pending: 100, // nobody is put out by chance

		log: log.New(b.journal, "", 0)}
	if change != nil {
		change(b.server)
	}
	b.start()
	return b
}

func (b *box) start() {
	key, err := ensureKey(b.server.keyFile)
	if err != nil {
		b.t.Fatal(err)
	}
	b.server.prepare(key)
	b.server.speakers.program = builtProgram(b.t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	_, b.port, _ = net.SplitHostPort(l.Addr().String())
	b.write("known", fmt.Sprintf("[127.0.0.1]:%s %s", b.port, ssh.MarshalAuthorizedKey(key.PublicKey())))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.server.serve(ctx, l)
	}()
	b.stop = func() { stop(); <-done }
	b.t.Cleanup(func() {
		b.stop()
		if b.t.Failed() {
			b.t.Logf("the server's log:\n%s", b.journal)
		}
	})
}

func (b *box) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// newKey makes a key for the client and returns the line for authorized_keys.
func (b *box) newKey(name string) string {
	b.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, name)
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(name+".key", string(pem.EncodeToMemory(block)))
	p, err := ssh.NewPublicKey(public)
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(p)))
}

// options make the client use one key and nothing of this machine's own configuration.
func (b *box) options(key string) []string {
	return []string{"-F", "/dev/null", "-o", "UserKnownHostsFile=" + filepath.Join(b.dir, "known"), "-o", "StrictHostKeyChecking=yes",
		"-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-i", filepath.Join(b.dir, key+".key")}
}

// ssh is the client's command; args end with what to run.
func (b *box) ssh(user, key string, args ...string) *exec.Cmd {
	all := append(b.options(key), "-p", b.port)
	i := 0
	for i < len(args) && strings.HasPrefix(args[i], "-") {
		i++
	}
	all = append(append(all, args[:i]...), user+"@127.0.0.1")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	b.t.Cleanup(cancel)
	return exec.CommandContext(ctx, "ssh", append(all, args[i:]...)...)
}

// run runs the client and returns its output, errors and exit status.
func (b *box) run(cmd *exec.Cmd) (stdout, stderr string, status int) {
	b.t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		b.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// await looks for something until it is there; the time is only a limit.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(15 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("still waiting: %s", what)
		}
	}
}

func (g *guard) forgive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.failed)
}

func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}
