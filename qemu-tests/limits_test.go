package qemu_tests

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// hash is that of "correct horse".
const hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"

// answerLimit is how long the box may take to let root in while it is under attack: an emulated processor is ten
// times slower than a real one, and others share it.
const answerLimit = limit

// besieged is a box that accounts come into by SSH.
type besieged struct {
	t    *testing.T
	g    *qemu.Guest
	port string
	key  ssh.Signer
}

// as logs in; the connection is the caller's to close.
func (b besieged) as(user string) (*ssh.Client, error) {
	deadline := time.Now().Add(answerLimit)
	config := &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(b.key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: answerLimit}
	raw, err := net.DialTimeout("tcp", "127.0.0.1:"+b.port, answerLimit)
	if err != nil {
		return nil, err
	}
	_ = raw.SetDeadline(deadline)
	conn, channels, requests, err := ssh.NewClientConn(raw, b.port, config)
	if err != nil {
		return nil, err
	}
	_ = raw.SetDeadline(time.Time{})
	return ssh.NewClient(conn, channels, requests), nil
}

// asks runs a line as an account, by a connection of its own, and returns what it prints. The whole is bounded.
func (b besieged) asks(user, line string) string {
	b.t.Helper()
	begin := time.Now()
	client, err := b.as(user)
	if err != nil {
		b.t.Fatalf("%s did not get in: %v", user, err)
	}
	defer client.Close()
	defer time.AfterFunc(time.Until(begin.Add(answerLimit)), func() { client.Close() }).Stop()
	session, err := client.NewSession()
	if err != nil {
		b.t.Fatalf("%s has no session: %v", user, err)
	}
	out, err := session.CombinedOutput(line)
	if err != nil {
		b.t.Fatalf("%s, %q after %v: %v\n%s", user, line, time.Since(begin).Round(time.Second), err, out)
	}
	b.t.Logf("%s had an answer after %v", user, time.Since(begin).Round(100*time.Millisecond))
	return strings.TrimSpace(string(out))
}

// attacks starts a line as an account and leaves it running; done is closed when it has ended.
func (b besieged) attacks(user, line string) (done <-chan struct{}) {
	b.t.Helper()
	client, err := b.as(user)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { client.Close() })
	session, err := client.NewSession()
	if err != nil {
		b.t.Fatal(err)
	}
	session.Stdout, session.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
	if err := session.Start(line); err != nil {
		b.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = session.Wait()
	}()
	return ended
}

// An ordinary account does its worst, by SSH and on a console: the box goes on as if nothing were the matter.
func TestOneAccountDoesNotTakeTheBox(t *testing.T) {
	t.Parallel()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	public := string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(key.PublicKey())))
	box := extended(t, cloud+fmt.Sprintf(`
[image]
overlays = ["headless", "files"]
[ssh]
[console.ttyS1]
quiet = true
[user.root]
password_hash   = %[1]q
authorized_keys = [%[2]q]
[user.ann]
password_hash   = %[1]q
authorized_keys = [%[2]q]
shell           = "/bin/bash"
pids            = 300
[access]
host_password = false
[service.ticks]
command = ["/usr/bin/ticks"]
writable = ["/run"]
[service.hog]
command = ["/bin/bash", "-c", "a=x; while :; do a=$a$a; done"]
memory  = "16M"
restart = "never"
`, hash, public), map[string]string{
		"files/usr/bin/ticks": "#!/bin/bash\nexec 9<> <(:)\nn=0; while :; do echo $((++n)) >/run/ticks; read -rt 0.2 -u 9; done\n",
	})
	vm, err := boot.Prepare(t.Context(), box.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	port := freePort(t)
	vm.Config.NICs[0].Backend = "user,hostfwd=tcp:127.0.0.1:" + port + "-:22"
	g := startFor(t, vm.Config, 3*limit)
	until(t, g, "the boot", func(s *report.State) bool {
		return s.Boot != nil && s.Units["service:ssh"].State == "ok" && s.Units["online:lan"].State == "ok" && s.Units["service:ticks"].State == "ok"
	})
	b := besieged{t, g, port, key}
	// The SSH server's parent: another one is another worker.
	const worker = `while read -r key value; do case $key in PPid:) echo $value;; esac; done </proc/$PPID/status`
	before := b.asks("root", worker)
	ticks := func() string { return b.asks("root", "echo $(</run/ticks)") }

	// 150 processes that want some MiB each are what took the worker once.
	b.attacks("ann", `exec 9<> <(:); for i in {1..150}; do (a=x; for j in {1..21}; do a=$a$a; done; read -r -u 9) & done; wait`)
	begun := ticks()
	b.asks("root", "id -u; uinitctl status")
	console := func(port, user, prompt, line, want string) {
		t.Helper()
		c, err := g.Console(port)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), answerLimit)
		defer cancel()
		for _, s := range [][2]string{{`login: $`, user + "\r"}, {`Password: $`, "correct horse\r"}, {prompt, line + "\r"}, {want, "exit\r"}} {
			if _, err := c.Expect(ctx, regexp.MustCompile(s[0])); err != nil {
				t.Fatalf("%s on %s: waiting for %q: %v\n%s", user, port, s[0], err, strings.Join(c.Tail(20), "\n"))
			}
			if err := c.Send(s[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	console("ttyS1", "root", `# $`, "echo in-$((6*7))", `in-42\s`)

	// A fork bomb.
	b.attacks("ann", `b() { b | b & }; b; wait`)
	until(t, g, "a line about the fork bomb", func(s *report.State) bool {
		line, _ := s.Facts["limits.reached"].Value.(string)
		return strings.HasPrefix(line, "user ann: ") && strings.Contains(line, "processes")
	})
	console("ttyS1", "root", `# $`, "echo in-$((6*7))", `in-42\s`)
	if got := b.asks("root", "uinitctl limits"); !regexp.MustCompile(`(?m)^user ann +\d+ of 300 +\d+ of \d+  [1-9]`).MatchString(got) {
		t.Errorf("the limits are\n%s", got)
	}
	if now := b.asks("root", worker); now != before {
		t.Fatalf("the worker is process %s, was %s", now, before)
	}
	b.asks("root", "echo 1 >/sys/fs/cgroup/work/users/ann/cgroup.kill")

	// A memory hog, on a console: it goes, its shell stays.
	console("ttyS0", "ann", `\$ $`, "(a=x; while :; do a=$a$a; done); echo hog-$((6*7))", `hog-42\s`)
	until(t, g, "a line about the hog", func(s *report.State) bool {
		line, _ := s.Facts["limits.reached"].Value.(string)
		return strings.HasPrefix(line, "user ann: ") && strings.Contains(line, "ended")
	})
	b.asks("root", "true")

	// Files in memory, wherever an ordinary account can write: as many as there can be, and as large.
	select {
	case <-b.attacks("ann", `for d in /tmp /dev/shm ~; do
	: >$d/full; n=0
	[[ $d == /tmp ]] || while : >$d/n$((n++)); do :; done
	cat /dev/zero >>$d/full
done 2>/dev/null`):
	case <-t.Context().Done():
		t.Fatal("the account still finds room for files")
	}
	if got := b.asks("ann", "for d in /tmp /dev/shm ~; do [[ -s $d/full ]] || echo $d; done"); got != "" {
		t.Errorf("nothing could be written to %s", got)
	}
	b.asks("root", "set -e; echo x >/etc/written; echo x >/run/written")
	b.asks("ann", "rm -f /tmp/full /dev/shm/* ~/full ~/n*")

	// A service that grows is named too.
	if !slices.ContainsFunc(g.Report().State().Events, func(e report.Event) bool {
		line, _ := e.Value.(string)
		return e.Name == "limits.reached" && strings.HasPrefix(line, "service hog: ")
	}) {
		t.Errorf("nothing is said of the service that grew; its end: %v", facts(g)["service.hog.exit"])
	}

	// Who goes first, and where they are.
	for line, want := range map[string]string{
		"echo $(</proc/sys/fs/file-max)":                                                              "9223372036854775807",
		"echo $(</proc/1/oom_score_adj) $(</proc/" + before + "/oom_score_adj)":                       "-1000 -1000",
		"echo $(</proc/$PPID/oom_score_adj) $(</proc/self/oom_score_adj) $(</proc/$$/cgroup)":         "-900 0 0::/admin/root",
		`read -r p </sys/fs/cgroup/work/services/ticks/cgroup.procs; echo $(</proc/$p/oom_score_adj)`: "0",
	} {
		if got := b.asks("root", line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	if got := b.asks("ann", "echo $(</proc/self/oom_score_adj) $(</proc/$$/cgroup)"); got != "1000 0::/work/users/ann" {
		t.Errorf("ann's session is %q", got)
	}
	if got := inside(t, g, "echo $(</proc/self/oom_score_adj)"); got != "0" {
		t.Errorf("what uinit starts has uinit's mercy: %s", got)
	}
	if now := b.asks("root", worker); now != before {
		t.Errorf("the worker is process %s, was %s", now, before)
	}
	if now := ticks(); now == begun {
		t.Errorf("the service stood still at %s", now)
	}
	if e := unitAt(t, g.Report().State(), "service:ticks", "ok"); g.Report().State().Facts["service.ticks.restarts"].Value != nil {
		t.Errorf("the service was started again: %+v", e)
	}
}
