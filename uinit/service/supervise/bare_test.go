package supervise

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A program without rights can nothing but work on what it was handed.
func TestBare(t *testing.T) {
	if !isolated(t) {
		return
	}
	program := bareProgram(t)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	before := mounts(t)
	inheritable(t)
	stray, err := unix.Open("/dev/null", unix.O_RDONLY, 0) // not closed when another program starts, by mistake
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(stray)
	lines := make(chan string, 100)
	l := Launcher{
		Output: func(_, line string) { lines <- line }, Sandboxed: []string{"/proc/self/exe", "sandbox"},
		Bare: true, Account: &syscall.Credential{Uid: 70001, Gid: 70002}, Input: theirs, Files: []*os.File{socket}, Environment: []string{"A=b"},
	}
	p, err := l.Start("a", spec.Service{Command: []string{program, "word"}, Namespaces: []spec.Namespace{spec.NamespaceNet, spec.NamespaceIPC}})
	if err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	defer p.Kill()
	if got, want := <-lines, fmt.Sprintf("env [A=b] [%s word]", program); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if got := <-lines; got != "ready" {
		t.Fatalf("it says %q", got)
	}

	dir := fmt.Sprintf("/proc/%d", p.(*process).cmd.Process.Pid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Uid:\t70001\t70001\t70001\t70001\n", "Gid:\t70002\t70002\t70002\t70002\n", "Groups:\t \n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n",
		"CapInh:\t0000000000000000\n", "CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "CapAmb:\t0000000000000000\n",
	} {
		if !strings.Contains(string(status), want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	limits, err := os.ReadFile(dir + "/limits")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Max open files 256 256", "Max processes 64 64", "Max file size 0 0", "Max core file size 0 0", "Max locked memory 0 0", "Max msgqueue size 0 0"} {
		if got := strings.Join(strings.Fields(string(limits)), " "); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, limits)
		}
	}
	if entries, err := os.ReadDir(dir + "/root"); err != nil || len(entries) > 0 {
		t.Errorf("its root has %v (%v)", entries, err)
	}
	var root unix.Statfs_t
	if err := unix.Statfs(dir+"/root/.", &root); err != nil || root.Flags&unix.ST_RDONLY == 0 {
		t.Errorf("its root may be written to: %#x (%v)", root.Flags, err)
	}
	if got, want := opened(t, dir), []string{"pipe", "pipe", "socket", "socket"}; !slices.Equal(got, want) {
		t.Errorf("it has open %q, want %q", got, want)
	}
	if after := mounts(t); after != before {
		t.Errorf("a mount got out:\n%s", after)
	}

	if _, err := ours.WriteString("last words\n"); err != nil {
		t.Fatal(err)
	}
	ours.Close()
	if got := <-lines; got != "last words" {
		t.Errorf("it says %q", got)
	}
	if exit := p.Wait(); !exit.Success() {
		t.Errorf("it ended: %v", exit)
	}
}

func bareProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-o", program, "./testdata/bare")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building it: %v\n%s", err, out)
	}
	return program
}

// One that is to makes connections in the machine's network, by both versions of IP, and nothing else.
func TestBareConnects(t *testing.T) {
	if !isolated(t) {
		return
	}
	if out, err := exec.Command(needed.Program(t, "ip"), "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("ip: %v\n%s", err, out)
	}
	program := bareProgram(t)
	here := func(f func() error) error { return f() }
	for _, address := range []string{"127.0.0.1:7000", "[::1]:7000"} {
		nettest.Serve(t, here, "tcp", address, "hello")
		lines := make(chan string, 100)
		l := Launcher{
			Output: func(_, line string) { lines <- line }, Sandboxed: []string{"/proc/self/exe", "sandbox"},
			Bare: true, Connects: true, Account: &syscall.Credential{Uid: 70001, Gid: 70002},
		}
		p, err := l.Start("a", spec.Service{Command: []string{program, "connect", address}, Namespaces: []spec.Namespace{spec.NamespaceIPC}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Kill()
		const no = "operation not permitted"
		host, _, _ := net.SplitHostPort(address)
		for _, want := range []string{"tcp4 <nil>", "listen " + no, "udp6 <nil>", "unix " + no, "netlink " + no, "packet " + no, "raw " + no, "sctp " + no, "ping " + no, "vsock " + no, "hello to " + host + " <nil>"} {
			select {
			case got := <-lines:
				if got != want {
					t.Errorf("%s: it says %q, want %q", address, got, want)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: it does not say %q", address, want)
			}
		}
	}
}

// inheritable lets what this thread starts inherit all that it may (capabilities(7)).
func inheritable(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var all [2]unix.CapUserData
	if err := unix.Capget(&header, &all[0]); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Inheritable = all[i].Permitted
	}
	if err := unix.Capset(&header, &all[0]); err != nil {
		t.Fatal(err)
	}
}

// opened are the kinds of a process's open files, sorted.
func opened(t *testing.T, dir string) (kinds []string) {
	t.Helper()
	entries, err := os.ReadDir(dir + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		kind, err := os.Readlink(filepath.Join(dir, "fd", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(kind, "anon_inode:") {
			kind, _, _ = strings.Cut(kind, ":")
		}
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}
