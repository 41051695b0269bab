package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// speakersOf are the processes that speak with clients of a server in this process.
func speakersOf(t *testing.T) (pids []string) {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(text)) {
			if line, _ := os.ReadFile("/proc/" + pid + "/cmdline"); string(line) == "sshd\x00-speak\x00" {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// hasNothing looks at all threads of a process.
func hasNothing(t *testing.T, pid string) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + pid + "/task/*/status")
	if err != nil || len(tasks) == 0 {
		t.Fatalf("process %s: %v", pid, err)
	}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // a thread that has ended
		}
		row := map[string][]string{}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			row[name] = strings.Fields(value)
		}
		for name, want := range map[string]string{"NoNewPrivs": "1", "Seccomp": "2", "CapInh": "0", "CapPrm": "0", "CapEff": "0", "CapBnd": "0", "CapAmb": "0", "Groups": ""} {
			if got := strings.Join(row[name], " "); strings.TrimLeft(got, "0") != strings.TrimLeft(want, "0") {
				t.Errorf("%s: %s is %q, want %q", task, name, got, want)
			}
		}
		for _, name := range []string{"Uid", "Gid"} {
			for _, number := range row[name] {
				if n, err := strconv.ParseUint(number, 10, 32); err != nil || n < firstUID {
					t.Errorf("%s: %s %v", task, name, row[name])
				}
			}
		}
	}
	for _, place := range []string{"root", "cwd"} {
		if names, err := os.ReadDir("/proc/" + pid + "/" + place + "/"); err != nil || len(names) != 0 {
			t.Errorf("%s of process %s: %v, %v", place, pid, names, err)
		}
	}
	fds, err := os.ReadDir("/proc/" + pid + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, _ := os.Readlink("/proc/" + pid + "/fd/" + fd.Name()); strings.HasPrefix(to, "/") && to != "/dev/null" && to != "/dev/pts/ptmx" && to != "/dev/ptmx" {
			t.Errorf("process %s has %s open", pid, to)
		}
	}
}

// What speaks with a client, before its login and after, can do nothing but that.
func TestSpeakersHaveNoRights(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root has rights that can be given up")
	}
	b := newBox(t, func(s *server) { s.pending = 100 }) // nobody is put out by chance
	s := newStranger(t, "127.0.0.1:"+b.port)
	s.exchange()
	all := speakersOf(t)
	if len(all) == 0 {
		t.Fatal("nobody speaks with the client")
	}
	for _, pid := range all {
		hasNothing(t, pid)
	}
	c, err := b.client("127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	session, err := c.NewSession()
	if err == nil {
		err = session.RequestPty("vt220", 24, 80, nil)
	}
	if err == nil {
		err = session.Shell()
	}
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, pid := range speakersOf(t) {
		hasNothing(t, pid)
		status, _ := os.ReadFile("/proc/" + pid + "/status")
		_, after, _ := strings.Cut(string(status), "\nUid:")
		uid, _, _ := strings.Cut(after, "\n")
		if seen[uid] {
			t.Errorf("two are account %s", uid)
		}
		seen[uid] = true
	}
	if len(seen) < 2 {
		t.Errorf("%d speak with two clients", len(seen))
	}
}

// Who says nothing costs no process; and one that is ended costs nobody else his connection.
func TestSpeakersAreOfOneClient(t *testing.T) {
	b := newBox(t, func(s *server) { s.pending = 100 })
	idle := newStranger(t, "127.0.0.1:"+b.port)
	if _, err := idle.in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if n := len(speakersOf(t)); n != 0 {
		t.Errorf("%d processes for a client that says nothing", n)
	}
	s := newStranger(t, "127.0.0.1:"+b.port)
	s.exchange()
	victims := speakersOf(t)
	c, err := b.client("127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, pid := range victims {
		n, _ := strconv.Atoi(pid)
		if p, err := os.FindProcess(n); err != nil || p.Kill() != nil {
			t.Fatalf("ending %s: %v", pid, err)
		}
	}
	if _, err := io.Copy(io.Discard, s.in); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("whose process has ended is not hung up on: %v", err)
	}
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := session.Output("echo here"); string(out) != "here\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// securityKey signs as a key in hardware does (OpenSSH's PROTOCOL.u2f).
type securityKey struct {
	private ed25519.PrivateKey
	public  ssh.PublicKey
}

func (k securityKey) PublicKey() ssh.PublicKey { return k.public }
func (k securityKey) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	application, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(data)
	const present = "\x01\x00\x00\x00\x05"
	blob := ed25519.Sign(k.private, []byte(string(application[:])+present+string(message[:])))
	return &ssh.Signature{Format: k.public.Type(), Blob: blob, Rest: []byte(present)}, nil
}

// Whatever the ciphers and the key, the monitor sees the client's signature.
func TestEveryCipherAndKey(t *testing.T) {
	b := newBox(t, nil)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	hardware, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Format      string
		Key         []byte
		Application string
	}{"sk-ssh-ed25519@openssh.com", public, "ssh:"}))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]ssh.Signer{"hardware": securityKey{private, hardware}}
	for name, key := range map[string]any{"p256": p256, "p521": p521, "rsa": rsaKey(t, 2048), "ed25519": private} {
		if keys[name], err = ssh.NewSignerFromKey(key); err != nil {
			t.Fatal(err)
		}
	}
	var lines strings.Builder
	for _, key := range keys {
		lines.Write(ssh.MarshalAuthorizedKey(key.PublicKey()))
	}
	b.write("me/.ssh/authorized_keys", lines.String())
	enter := func(what string, key ssh.Signer, config ssh.Config) {
		c, err := ssh.Dial("tcp", "127.0.0.1:"+b.port, &ssh.ClientConfig{Config: config, User: "me", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		c.Close()
	}
	for name, key := range keys {
		enter(name, key, ssh.Config{})
	}
	known := ssh.SupportedAlgorithms()
	for _, cipher := range known.Ciphers {
		enter(cipher, keys["ed25519"], ssh.Config{Ciphers: []string{cipher}})
	}
	for _, mac := range known.MACs {
		if !strings.Contains(mac, "sha1") {
			enter(mac, keys["ed25519"], ssh.Config{Ciphers: []string{"aes128-ctr"}, MACs: []string{mac}})
		}
	}
	for _, exchange := range known.KeyExchanges {
		enter(exchange, keys["ed25519"], ssh.Config{KeyExchanges: []string{exchange}})
	}
}
