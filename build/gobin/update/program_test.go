package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/gobin/update/updatetest"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
)

// compiled is the program, as images have it but for the others of the busybox.
func compiled(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "update")
	cmd := exec.Command("go", "build", "-trimpath", "-o", file, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("compiling it: %v\n%s", err, out)
	}
	return file
}

// process is the compiled program, and a talk with it.
type process struct {
	*talk
	cmd    *exec.Cmd
	ours   *os.File
	stderr bytes.Buffer
}

// runProgram starts the program with a socket for the init, and what is trusted, as uinit does. set changes the command.
func runProgram(t testing.TB, file string, ca []byte, set func(*exec.Cmd), args ...string) *process {
	t.Helper()
	ours, theirs := pair(t)
	p := &process{ours: ours, cmd: exec.Command(file, args...)}
	p.talk = &talk{t: t, to: ours, in: bufio.NewReaderSize(ours, 2*maxData)}
	p.cmd.Stdin, p.cmd.Stderr = theirs, &p.stderr
	p.cmd.Env = []string{"GOMEMLIMIT=32MiB"}
	if ca != nil {
		pem := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(pem, ca, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(pem)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p.cmd.ExtraFiles = []*os.File{f}
	}
	if set != nil {
		set(p.cmd)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	return p
}

// ends closes the socket, and waits for the program's end.
func (p *process) ends(t testing.TB) (status int, said string) {
	t.Helper()
	if err := p.ours.Close(); err != nil {
		t.Fatal(err)
	}
	return p.status(t)
}

func (p *process) status(t testing.TB) (int, string) {
	t.Helper()
	late := time.AfterFunc(20*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode(), p.stderr.String()
}

func TestProgramEnds(t *testing.T) {
	file := compiled(t)
	hangs, _ := start(t, kinds[0], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	get := "get 0 0 " + hangs.URL
	for _, tt := range []struct {
		name, says string
		args       []string
		status     int
		said       bool
	}{
		{"told nothing", "", []string{"fetch"}, 0, false},
		{"while it waits for a server", get + "\n", []string{"fetch"}, 0, false},
		{"garbage", "hello\n", []string{"fetch"}, 2, true},
		{"a get in a get", get + "\n" + get + "\n", []string{"fetch"}, 2, true},
		{"a line cut short", "get 0", []string{"fetch"}, 2, true},
		{"an endless line", strings.Repeat("x", 3*maxLine), []string{"fetch"}, 2, true},
		{"what it cannot do", "", []string{"push"}, 2, true},
		{"no verb", "", nil, 2, true},
		{"no keys", "", []string{"verify"}, 2, true},
		{"an unknown flag", "", []string{"fetch", "-insecure"}, 2, true},
		{"a word more", "", []string{"fetch", "x"}, 2, true},
		{"no certificates", "", []string{"fetch", "-ca"}, 1, true},
		{"half a question", "manifest 5\nx", []string{"verify", "x"}, 2, true},
		{"a bad key", "manifest 1\nxsignature 1\ny", []string{"verify", "x"}, 0, false},
	} {
		p := runProgram(t, file, nil, nil, tt.args...)
		_, _ = io.WriteString(p.ours, tt.says) // it may not read to the end
		if err := unix.Shutdown(int(p.ours.Fd()), unix.SHUT_WR); err != nil {
			t.Fatal(err)
		}
		if status, said := p.status(t); status != tt.status || (said != "") != tt.said || strings.Contains(said, "goroutine") {
			t.Errorf("%s: status %d, %q; want %d", tt.name, status, said, tt.status)
		}
	}
}

// peak is how many bytes of memory a process had at most. What wait4(2) says is also that of the process which started it.
func peak(t testing.TB, pid int) int64 {
	t.Helper()
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(read(t, fmt.Sprintf("/proc/%d/status", pid)))
	if m == nil {
		t.Fatalf("no peak of process %d", pid)
	}
	n, _ := strconv.ParseInt(m[1], 10, 64)
	return n << 10
}

// large is a resource of 300 MB that nobody keeps.
const large = 300 << 20

func serveLarge(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "", time.Unix(1, 0), io.NewSectionReader(endless{}, 0, large))
}

// endless has at each position a byte that follows from it.
type endless struct{}

func (endless) ReadAt(b []byte, at int64) (int, error) {
	for i := range b {
		n := at + int64(i)
		b[i] = byte(n ^ n>>8 ^ n>>16)
	}
	return len(b), nil
}

// What it takes of memory does not follow from what it fetches.
func TestMemory(t *testing.T) {
	file := compiled(t)
	want := sha256.New()
	_, _ = io.Copy(want, io.NewSectionReader(endless{}, 0, large))
	for _, kind := range kinds {
		s, _ := start(t, kind, http.HandlerFunc(serveLarge))
		ca, args := []byte(nil), []string{"fetch"}
		if s.Certificate() != nil {
			ca, args = pemOf(s.Certificate()), append(args, "-ca")
		}
		p := runProgram(t, file, ca, nil, args...)
		sum := sha256.New()
		h := p.get(sum, 0, 0, s.URL)
		if h.err != "" || h.size != large || !bytes.Equal(sum.Sum(nil), want.Sum(nil)) {
			t.Errorf("%s: %+v", kind, h)
		}
		most := peak(t, p.cmd.Process.Pid)
		t.Logf("%s: at most %d kB", kind, most>>10)
		if most > 40<<20 {
			t.Errorf("%s: at most %d bytes of memory; accepted: 40 MB", kind, most)
		}
		if status, said := p.ends(t); status != 0 || said != "" {
			t.Errorf("%s: status %d, %q", kind, status, said)
		}
	}
}

// A server that dies, and comes back at the same address; and one that does not.
func TestServerDies(t *testing.T) {
	file := compiled(t)
	for _, back := range []bool{true, false} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		server := &http.Server{}
		server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer server.Close()
			broken(w, r, 100_000)
		})
		go func() { _ = server.Serve(l) }()
		p := runProgram(t, file, nil, nil, "fetch", "-pause", "200ms", "-tries", "3")
		started := false
		p.waits = func(string) {
			if !back || started {
				return
			}
			started = true
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			again := &http.Server{Handler: http.HandlerFunc(whole)}
			t.Cleanup(func() { again.Close() })
			go func() { _ = again.Serve(l) }()
		}
		h := p.get(nil, 0, 0, "http://"+address)
		if back && (h.err != "" || !bytes.Equal(h.data, text) || len(h.waits) == 0) {
			t.Errorf("it came back: %d bytes, %q, %s", len(h.data), h.waits, h.err)
		}
		gone := "gave up, for nothing came of 3 attempts: asking 127.0.0.1: dial tcp " + address + ": connect: connection refused"
		if !back && (h.err != gone || len(h.data) != 100_000 || len(h.waits) != 3) {
			t.Errorf("it did not: %d bytes, %q, %q; want %q", len(h.data), h.waits, h.err, gone)
		}
	}
}

// Seventeen boxes, each at its own port of a switch, fetch from one server at the same time.
func TestCrowd(t *testing.T) {
	if !nettest.Within(t, 2*time.Minute, syscall.CLONE_NEWUSER|syscall.CLONE_NEWUTS) {
		return
	}
	// A resolver that looks for names in the machine's own domain asks for box.test.example.net.
	if err := syscall.Sethostname([]byte("nosy.example.net")); err != nil {
		t.Fatal(err)
	}
	const boxes, size = 17, 8 << 20
	ip := func(args string) {
		t.Helper()
		if out, err := exec.Command(needed.Program(t, "ip"), strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", args, err, out)
		}
	}
	ip("link add br0 type bridge")
	ip("addr add 192.0.2.1/24 dev br0")
	ip("link set br0 up")
	l, err := net.Listen("tcp", "192.0.2.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := updatetest.ServeAt(t, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Unix(1, 0), io.NewSectionReader(endless{}, 0, size))
	}), []string{"box.test"})
	var asked sync.Map
	nameServer{at: netip.MustParseAddr("192.0.2.1"), asked: func(name string) { asked.Store(name, true) }}.start(t, "192.0.2.1:53")
	want := sha256.New()
	_, _ = io.Copy(want, io.NewSectionReader(endless{}, 0, size))
	file := compiled(t)
	var all sync.WaitGroup
	sums := make([][]byte, boxes)
	for i := range boxes {
		space := nettest.Space(t)
		var p *process
		inSpace(t, space, func() {
			p = runProgram(t, file, server.CA, nil, "fetch", "-ca")
		})
		ip(fmt.Sprintf("link add port%d type veth peer name eth0 netns %d", i, p.cmd.Process.Pid))
		ip(fmt.Sprintf("link set port%d master br0 up", i))
		inSpace(t, space, func() {
			ip(fmt.Sprintf("addr add 192.0.2.%d/24 dev eth0", i+2))
			ip("link set eth0 up")
		})
		all.Go(func() {
			sum := sha256.New()
			p.say("dns 192.0.2.1")
			if h := p.get(sum, 0, size, "https://box.test:"+server.Port+"/box.update"); h.err != "" || h.size != size {
				t.Errorf("box %d: %+v", i, h)
			}
			sums[i] = sum.Sum(nil)
			if h := p.get(nil, 0, 0, "http://nas"); h.err != "nas has no address, says the name server (192.0.2.1)" {
				t.Errorf("box %d, of another name: %s", i, h.err)
			}
		})
	}
	all.Wait()
	for i, sum := range sums {
		if !bytes.Equal(sum, want.Sum(nil)) {
			t.Errorf("box %d has other bytes", i)
		}
	}
	asked.Range(func(name, _ any) bool {
		if name != "box.test" && name != "nas" {
			t.Errorf("the name server is asked for %s", name)
		}
		return true
	})
	if served := server.Served("/box.update"); served != boxes*size {
		t.Errorf("%d bytes were served; want %d", served, boxes*size)
	}
}

// inSpace calls a function in a network namespace; programs that it starts stay there.
func inSpace(t *testing.T, space *os.File, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		defer close(done)      // also where the function ends the test
		runtime.LockOSThread() // and never unlocked: the thread ends with this
		if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		f()
	}()
	if err := <-done; err != nil || t.Failed() {
		t.Fatal(err)
	}
}

// Where nothing but the program is, it works as well.
func TestEmptyRoot(t *testing.T) {
	server := updatetest.ServeAt(t, listen4(t), http.HandlerFunc(whole), []string{"127.0.0.1"})
	file := compiled(t)
	p := runProgram(t, "/update", server.CA, func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: filepath.Dir(file), Cloneflags: syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
		cmd.Dir = "/"
	}, "fetch", "-ca", "-tries", "1")
	if h := p.get(nil, 0, 0, server.URL); h.err != "" || !bytes.Equal(h.data, text) {
		t.Errorf("%d bytes, %s", len(h.data), h.err)
	}
	// Without /etc/resolv.conf there is no name server but those that it is told.
	want := "gave up: looking up localhost: no name server is known"
	if h := p.get(nil, 0, 0, "https://localhost"); h.err != want {
		t.Errorf("a name: %q, want %q", h.err, want)
	}
}

func listen4(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
