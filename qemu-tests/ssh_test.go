package qemu_tests

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// A box that is entered by key over the network, and that its watchdog restarts when uinit hangs.
func TestSSHAndWatchdog(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"ssh", "scp", "sftp", "ssh-keygen", "ssh-keyscan"} {
		needed.Program(t, program)
	}
	dir := t.TempDir()
	key := filepath.Join(dir, "id")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	a := extended(t, fmt.Sprintf(`
[kernel]
drivers = ["virtio", "watchdog"]
[ssh]
[watchdog]
timeout = "10s"
[user.root]
authorized_keys = [%q]
[user.eve]
authorized_keys = [%[1]q]
[user.up]
authorized_keys = [%[1]q]
sftp_only = "/srv/upload"
home = "/srv/upload/up"
`, strings.TrimSpace(string(public))), map[string]string{})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	port := freePort(t)
	vm.Config.NICs[0].Backend = "user,hostfwd=tcp:127.0.0.1:" + port + "-:22"
	vm.Config.Extra = append(vm.Config.Extra, "-device", "i6300esb")
	ctx, cancel := context.WithTimeout(t.Context(), 2*limit)
	defer cancel()
	g, err := qemu.Start(ctx, vm.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Kill()
	declares(t, g, vm.Config)
	t.Cleanup(func() {
		if c, err := g.Console("ttyS0"); err == nil && t.Failed() {
			t.Logf("console:\n%s\nby hand: %s", strings.Join(c.Tail(40), "\n"), g.Command())
		}
	})
	err = g.Report().Until(ctx, func(s *report.State) bool {
		return s.Boot != nil && s.Units["service:ssh"].State == "ok" && s.Units["online:lan"].State == "ok"
	})
	if err != nil {
		t.Fatalf("waiting for the boot: %v; units: %v", err, g.Report().State().Units)
	}
	facts := g.Report().State().Facts
	if facts["watchdog.device"].Value != "i6300ESB timer" || facts["watchdog.seconds"].Value != 10.0 {
		t.Errorf("watchdog: %v, %v s", facts["watchdog.device"].Value, facts["watchdog.seconds"].Value)
	}

	// The server is ready, and the address there: the first to knock is let in.
	scan, err := exec.CommandContext(ctx, "ssh-keyscan", "-t", "ed25519", "-p", port, "127.0.0.1").Output()
	if err != nil {
		t.Fatalf("ssh-keyscan: %v", err)
	}
	_, line, _ := strings.Cut(string(scan), " ") // behind the host's name
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatalf("reading %q: %v", scan, err)
	}
	if got, want := ssh.FingerprintSHA256(host), facts["ssh.host_key"].Value; got != want {
		t.Errorf("the server's key is %s, the report says %v", got, want)
	}
	known := filepath.Join(dir, "known")
	if err := os.WriteFile(known, scan, 0o600); err != nil {
		t.Fatal(err)
	}
	options := []string{"-F", "/dev/null", "-o", "UserKnownHostsFile=" + known, "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes",
		"-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-i", key}
	enter := func(user string, args ...string) (string, int) {
		cmd := exec.CommandContext(ctx, "ssh", append(append(options, "-p", port, user+"@127.0.0.1"), args...)...)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	for _, tt := range []struct {
		user    string
		args    []string
		want    string
		inside  bool // want is somewhere in it
		aStatus int
	}{
		{user: "root", args: []string{"id -u; exit 7"}, want: "0\n", aStatus: 7},
		{user: "eve", args: []string{"echo $(id -u) $HOME $USER; touch /etc/x 2>/dev/null"}, want: "1000 /home/eve eve\n", aStatus: 1},
		{user: "root", args: []string{"-tt", "tty; echo $TERM; exit"}, want: "/dev/pts/0\r\n", inside: true},
		{user: "nobody", args: []string{"true"}, want: "Permission denied", inside: true, aStatus: 255},
	} {
		got, status := enter(tt.user, tt.args...)
		if got != tt.want && !(tt.inside && strings.Contains(got, tt.want)) || status != tt.aStatus {
			t.Errorf("%s %q: %q, status %d; want %q, %d", tt.user, tt.args, got, status, tt.want, tt.aStatus)
		}
	}
	// What speaks with this client has no rights, and nothing for its root.
	speakers, status := enter("root", `for p in $(grep -l '[-]speak' /proc/[0-9]*/cmdline); do cat ${p%/*}/status; ls ${p%/*}/root/; echo; done`)
	for i, speaker := range strings.Split(strings.TrimSuffix(speakers, "\n\n"), "\n\n") {
		for _, want := range []string{"Uid:\t21474836", "CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n"} {
			if !strings.Contains(speaker, "\n"+want) || status != 0 {
				t.Errorf("speaker %d has not %q (status %d):\n%s", i, want, status, speaker)
			}
		}
		if lines := strings.Split(speaker, "\n"); !strings.HasPrefix(lines[len(lines)-1], "nonvoluntary_ctxt_switches:") {
			t.Errorf("speaker %d has a root with something in it:\n%s", i, speaker)
		}
	}
	// An account that gets SFTP alone: it begins in its home, is shut in where it begins, and gets nothing else.
	sftp := exec.CommandContext(ctx, "sftp", append(append([]string{"-q", "-P", port}, options...), "-b", "-", "up@127.0.0.1")...)
	sftp.Stdin = strings.NewReader("pwd\nput " + key + ".pub mine\nls -1 /\nls -ln mine\n-get /etc/passwd " + filepath.Join(dir, "passwd") + "\n-mkdir /x\n")
	out, err := sftp.CombinedOutput()
	if text := string(out); err != nil || !strings.Contains(text, "Remote working directory: /up\n") || !strings.Contains(text, "ls -1 /\n/up\n") || strings.Contains(text, "Fetching /etc/passwd") {
		t.Errorf("sftp: %v\n%s", err, text)
	}
	if _, err := os.Stat(filepath.Join(dir, "passwd")); err == nil {
		t.Error("the account fetched a file from outside of its directory")
	}
	for _, args := range [][]string{{"id"}, {"-tt"}} {
		if got, status := enter("up", args...); status == 0 || strings.Contains(got, "uid=") {
			t.Errorf("an account with SFTP alone ran %q: %q, status %d", args, got, status)
		}
	}
	if got, status := enter("root", "cat /srv/upload/up/mine; if [ -e /srv/upload/x ]; then exit 1; fi"); got != string(public) || status != 0 {
		t.Errorf("what it brought is %q, status %d", got, status)
	}
	// Files both ways, by SFTP and by the old protocol.
	content := bytes.Repeat([]byte("imgbuild "), 100_000)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"-s", "-O"} {
		remote, back := "root@127.0.0.1:/tmp/file"+way, file+way
		for _, pair := range [][]string{{file, remote}, {remote, back}} {
			args := append(append([]string{"-q", way, "-P", port}, options...), pair...)
			if out, err := exec.CommandContext(ctx, "scp", args...).CombinedOutput(); err != nil {
				t.Errorf("scp %s %v: %v\n%s", way, pair, err, out)
			}
		}
		if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
			t.Errorf("scp %s: %d of %d bytes came back (%v)", way, len(got), len(content), err)
		}
	}

	// A worker that does not run can't feed the watchdog: the machine is reset, and QEMU ends with it.
	if _, status := enter("root", `for p in /proc/[0-9]*; do
	case $(cat $p/cmdline 2>/dev/null) in uinitworker*) kill -STOP ${p#/proc/} && exit 5;; esac; done 2>/dev/null`); status != 5 {
		t.Fatalf("stopping uinit's worker: status %d", status)
	}
	begin := time.Now()
	if exit := g.Wait(); exit.Reason != "guest-reset" || exit.Killed != nil {
		t.Errorf("ended with %+v, want a reset by the watchdog", exit)
	}
	t.Logf("reset %.0f s after uinit stopped", time.Since(begin).Seconds())
}

// ports counts up from one that chance decides: below those that the kernel lends (ip_local_port_range), which another test
// could get while nobody listens, and never one twice.
var ports atomic.Uint32

func init() { ports.Store(10_000 + rand.Uint32N(20_000)) }

// freePort is one that nobody listens on, and nobody will who does not ask for it by its number.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.FormatUint(uint64(ports.Add(1)), 10)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("a hundred ports in a row are taken")
	return ""
}
