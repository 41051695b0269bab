package supervise

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// TestMain lets the test binary be the program that gets a service into its namespaces, as uinit is.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "sandbox" {
		e, err := ParseSandbox(os.Args[2])
		if err != nil {
			panic(err)
		}
		status, err := e.Run(os.Args[3:])
		if err != nil {
			fmt.Println("sandbox:", err)
			status = 99
		}
		os.Exit(status)
	}
	os.Exit(m.Run())
}

// sandboxed runs a shell command in namespaces of its own to its end.
func sandboxed(t *testing.T, namespaces []spec.Namespace, account *syscall.Credential, command ...string) (string, Exit) {
	t.Helper()
	return toItsEnd(t, os.Environ(), account, spec.Service{Namespaces: namespaces, Command: command, Unconfined: true})
}

// toItsEnd runs a service until it has said that it is over, and returns what it printed before that.
func toItsEnd(t *testing.T, environment []string, account *syscall.Credential, cfg spec.Service) (string, Exit) {
	t.Helper()
	lines := make(chan string, 1000)
	l := Launcher{Environment: environment, Output: func(_, line string) { lines <- line }, Sandboxed: []string{"/proc/self/exe", "sandbox"}, Account: account}
	p, err := l.Start("a", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	exit := p.Wait()
	var out strings.Builder
	for {
		select {
		case line := <-lines:
			if line == "over" {
				return out.String(), exit
			}
			out.WriteString(line + "\n")
		case <-time.After(20 * time.Second):
			t.Fatalf("%q did not come to its end: %v; it said:\n%s", cfg.Command, exit, out.String())
		}
	}
}

func script(text string) []string {
	return []string{"/bin/sh", "-c", text + "; s=$?; echo over; exit $s"}
}

// isolated gives the test mounts of its own, shared as Debian's are, so that what gets out of a service is seen and harms nobody.
func isolated(t *testing.T) bool {
	if os.Getuid() != 0 {
		t.Skip("only root makes these namespaces")
	}
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWNS) {
		return false
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", "/mnt", "tmpfs", 0, ""),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")); err != nil {
		t.Fatal(err)
	}
	return true
}

func mounts(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMountsOfItsOwn(t *testing.T) {
	if !isolated(t) {
		return
	}
	before := mounts(t)
	got, exit := sandboxed(t, []spec.Namespace{spec.NamespaceMount}, nil, script("mount -t tmpfs inner /mnt; ls -A /tmp | wc -l; stat -c %a /tmp; grep ' /tmp ' /proc/self/mountinfo")...)
	f := strings.Fields(got)
	if !exit.Success() || len(f) < 8 || f[0] != "0" || f[1] != "1777" || !strings.Contains(got, " rw,nosuid,nodev,relatime - tmpfs tmpfs ") {
		t.Errorf("%v, its /tmp: %s", exit, got)
	}
	if after := mounts(t); after != before {
		t.Errorf("a mount in the service got out:\n%s\nbefore:\n%s", after, before)
	}
}

func TestProcessesOfItsOwn(t *testing.T) {
	if !isolated(t) {
		return
	}
	before := mounts(t)
	own := []spec.Namespace{spec.NamespacePID}
	got, exit := sandboxed(t, own, nil, script("echo $$; ls -d /proc/[0-9]* | wc -l; grep ' /proc ' /proc/self/mountinfo | tail -n 1")...)
	f := strings.Fields(got)
	if !exit.Success() || len(f) < 8 || len(f[0]) > 2 || len(f[1]) != 1 || !strings.Contains(got, " rw,nosuid,nodev,noexec,relatime - proc proc ") {
		t.Errorf("%v: %s", exit, got)
	}
	if after := mounts(t); after != before {
		t.Errorf("a mount in the service got out:\n%s", after)
	}
	for text, want := range map[string]Exit{
		"exit 3": {Code: 3}, "kill -9 $$": {Code: 128 + 9}, "kill -15 $$": {Code: 128 + 15},
		// An orphan that ends is not the service's end.
		"(sh -c 'sleep 0.01 &' &); sleep 0.1; exit 4": {Code: 4},
	} {
		if _, exit := sandboxed(t, own, nil, "/bin/sh", "-c", "echo over; "+text); exit != want {
			t.Errorf("%s: %v, want %v", text, exit, want)
		}
	}
}

// Whose a service is stays true in its namespaces: user, group, and no group but those of the account.
func TestAccountInNamespaces(t *testing.T) {
	if !isolated(t) {
		return
	}
	eve := &syscall.Credential{Uid: 70001, Gid: 70002, Groups: []uint32{70003, 70004}}
	for _, own := range [][]spec.Namespace{{spec.NamespaceUTS}, {spec.NamespaceMount}, {spec.NamespacePID}} {
		got, exit := sandboxed(t, own, eve, script("id -u; id -g; id -G; grep -E '^(Uid|Gid):' /proc/self/status")...)
		want := "70001\n70002\n70002 70003 70004\nUid:\t70001\t70001\t70001\t70001\nGid:\t70002\t70002\t70002\t70002\n"
		if got != want || !exit.Success() {
			t.Errorf("%v: %v\n%swant\n%s", own, exit, got, want)
		}
	}
}

func TestSandboxErrors(t *testing.T) {
	if !isolated(t) {
		return
	}
	for _, own := range []string{"{}", `{"Mounts":true,"Proc":true}`, `{"Mounts":true,"Bare":true}`} {
		cmd := exec.Command("/proc/self/exe", "sandbox", own, "/no/such/program")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID}
		out, _ := cmd.CombinedOutput()
		if want := "sandbox: starting /no/such/program: no such file or directory\n"; string(out) != want || cmd.ProcessState.ExitCode() != 99 {
			t.Errorf("%s: %s, want %s", own, out, want)
		}
	}
	// Where others than root can run it.
	program, err := os.ReadFile("/proc/self/exe")
	if err := errors.Join(err, os.WriteFile("/mnt/uinit", program, 0o755), os.Chmod("/mnt", 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/mnt/uinit", "sandbox", `{"Account":{"Uid":5,"Gid":5}}`, "/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 70001}}
	if out, _ := cmd.CombinedOutput(); !bytes.HasPrefix(out, []byte("sandbox: changing the account: operation not permitted")) {
		t.Errorf("an account that may not be taken: %s", out)
	}
	for _, own := range []string{`{"Mounts":true}`, `{"Tmp":true}`, `{"Proc":true}`, `{"Bare":true}`} {
		cmd := exec.Command("/mnt/uinit", "sandbox", own, "/bin/true")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 70001}}
		if out, _ := cmd.CombinedOutput(); !bytes.HasSuffix(out, []byte(": operation not permitted\n")) {
			t.Errorf("%s, where nothing may be mounted: %q", own, out)
		}
	}
}
