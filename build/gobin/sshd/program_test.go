package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// TestMain lets the test binary be the program that it tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "as-sshd" {
		os.Exit(run(os.Args[2:]))
	}
	status := m.Run()
	os.RemoveAll(builtDir)
	os.Exit(status)
}

var builtDir string

// built is the program as images have it, without libraries: in an empty root there are none.
var built = sync.OnceValues(func() (string, error) {
	var err error
	if builtDir, err = os.MkdirTemp("", "sshd-test-"); err != nil {
		return "", err
	}
	if err := os.Chmod(builtDir, 0o755); err != nil { // speakers are nobody
		return "", err
	}
	program := filepath.Join(builtDir, "sshd")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return program, nil
})

func builtProgram(t *testing.T) string {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func TestFlags(t *testing.T) {
	change := func(to func(*server)) *server {
		s := &server{keyFile: "k", listen: []string{":22"}, checker: "/init", sftp: "/bin/sftp-server", grace: 20 * time.Second, pending: 100, etc: "/etc", empty: "/run/sshd", jails: map[string]string{}}
		to(s)
		return s
	}
	for line, want := range map[string]*server{
		"-key k": change(func(*server) {}), "-key k -listen 192.0.2.1:22 -listen [::]:2022": change(func(s *server) { s.listen = []string{"192.0.2.1:22", "[::]:2022"} }),
		"-key k -without-root -password -grace 1m -pending 3 -reserved 10.0.0.0/8 -reserved fd00::/8 -checker /c -groups /g -sftp /s -empty /e": change(func(s *server) {
			s.withoutRoot = true
			s.passwords, s.grace, s.pending, s.checker, s.groups, s.sftp, s.empty = true, time.Minute, 3, "/c", "/g", "/s", "/e"
			s.reserved = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
		}),
		"-key k -sftp-only up=/srv/a -sftp-only a=/srv/b=c": change(func(s *server) { s.jails = map[string]string{"up": "/srv/a", "a": "/srv/b=c"} }),
		"-key k -sftp-only up":                              nil, "-key k -sftp-only up=srv": nil, "-key k -sftp-only =/srv": nil,
		"": nil, "-key k more": nil, "-key k -listen 22": nil, "-listen :22": nil, "-key k -grace soon": nil, "-key k -reserved here": nil, "-key k -nosuch": nil,
	} {
		s, makeKey, err := parseFlags(strings.Fields(line))
		if (err == nil) != (want != nil) || makeKey {
			t.Errorf("%q: %v", line, err)
		}
		if err != nil || want == nil {
			continue
		}
		if s.keyFile != want.keyFile || !slices.Equal(s.listen, want.listen) || s.checker != want.checker || s.sftp != want.sftp || s.empty != want.empty || !maps.Equal(s.jails, want.jails) || s.grace != want.grace || s.pending != want.pending || s.etc != want.etc || s.passwords != want.passwords || s.withoutRoot != want.withoutRoot || s.groups != want.groups || !slices.Equal(s.reserved, want.reserved) {
			t.Errorf("%q: %+v, want %+v", line, s, want)
		}
	}
	if _, makeKey, err := parseFlags([]string{"-key", "k", "-make-key"}); !makeKey || err != nil {
		t.Errorf("%v, %v", makeKey, err)
	}
}

// The program makes its key and says which, serves on all its addresses, also on those that no interface has yet, until it is asked to
// end, and hangs up then.
func TestProgram(t *testing.T) {
	if !nettest.Within(t, 2*time.Minute, syscall.CLONE_NEWUSER) {
		return
	}
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		t.Fatal(err)
	}
	key, empty := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "empty")
	sshd := func(args ...string) *exec.Cmd {
		return exec.Command("/proc/self/exe", append([]string{"as-sshd", "-empty", empty}, args...)...)
	}
	if err := sshd("-key", key).Run(); err == nil || err.(*exec.ExitError).ExitCode() != 1 {
		t.Errorf("without its key: %v", err)
	}
	if err := sshd().Run(); err == nil || err.(*exec.ExitError).ExitCode() != 2 {
		t.Errorf("without options: %v", err)
	}
	out, err := sshd("-key", key, "-make-key").Output()
	made, failed := readKey(key)
	if err != nil || failed != nil || string(out) != fingerprint(made.PublicKey())+"\n" {
		t.Fatalf("making the key: %q, %v, %v", out, err, failed)
	}
	cmd := sshd("-key", key, "-listen", "192.0.2.1:22", "-listen", "127.0.0.1:2022")
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	words := bufio.NewReader(said)
	if line, err := words.ReadString('\n'); line != "listening on 192.0.2.1:22 127.0.0.1:2022, host key "+fingerprint(made.PublicKey())+"\n" {
		t.Errorf("%q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, words) }()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/status")
	if err != nil || !strings.Contains(string(status), "Umask:\t0022\n") {
		t.Errorf("%v\n%s", err, status)
	}
	client, err := net.Dial("tcp", "127.0.0.1:2022")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if hello, err := bufio.NewReader(client).ReadString('\n'); hello != "SSH-2.0-imgbuild\r\n" {
		t.Errorf("%q, %v", hello, err)
	}
	if err := sshd("-key", key, "-listen", "127.0.0.1:2022").Run(); err == nil || err.(*exec.ExitError).ExitCode() != 1 {
		t.Errorf("a second one on the same port: %v", err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, client); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("who is there is not hung up on: %v", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("asked to end: %v", err)
	}
}
