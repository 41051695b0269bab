package qemu_tests

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
)

// fetchers are so many of the programs that boxes fetch with, each in a network namespace of its own, with one way to the depot.
type fetchers struct {
	depot *depot
	done  sync.WaitGroup
	sums  [][]byte
	errs  []error
}

// newFetchers starts them. They wait until a box begins to fetch, and then fetch the version that the depot has for a path.
func newFetchers(t *testing.T, d *depot, count int, path string) *fetchers {
	t.Helper()
	program := filepath.Join(t.TempDir(), "update")
	if err := os.WriteFile(program, compiled(t, "../build/gobin/update"), 0o755); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, d.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	f := &fetchers{depot: d, sums: make([][]byte, count), errs: make([]error, count)}
	for i := range count {
		line := f.start(t, program, ca)
		f.done.Go(func() {
			<-d.begun.Done()
			f.sums[i], f.errs[i] = fetch(line, d.URL+forCrowd+path)
		})
	}
	return f
}

// start starts one, and returns its line.
func (f *fetchers) start(t *testing.T, program, ca string) *os.File {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer theirs.Close()
	certificates, err := os.Open(ca)
	if err != nil {
		t.Fatal(err)
	}
	defer certificates.Close()
	cmd := exec.Command(program, "fetch", "-ca")
	cmd.Stdin, cmd.ExtraFiles = theirs, []*os.File{certificates}
	space := nettest.Space(t)
	if err := inNamespace(space, func() error {
		if out, err := exec.Command(needed.Program(t, "ip"), "link", "set", "lo", "up").CombinedOutput(); err != nil {
			return fmt.Errorf("ip: %w: %s", err, out)
		}
		l, err := net.Listen("tcp4", "127.0.0.1:"+f.depot.Port)
		if err != nil {
			return err
		}
		t.Cleanup(func() { l.Close() })
		go relay(l, "127.0.0.1:"+f.depot.Port)
		return cmd.Start()
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return ours
}

// relay leads from a listener in one namespace to a server in ours.
func relay(l net.Listener, to string) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			server, err := net.Dial("tcp4", to)
			if err != nil {
				return
			}
			defer server.Close()
			go func() { _, _ = io.Copy(server, from) }()
			_, _ = io.Copy(from, server)
		}()
	}
}

// inNamespace calls a function in a network namespace; programs that it starts and sockets that it makes stay there.
func inNamespace(space *os.File, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this
		if syscall.Gettid() == os.Getpid() {
			done <- inNamespace(space, f) // the first thread cannot end
			runtime.UnlockOSThread()
			return
		}
		err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// fetch has a program fetch all that lies at an address, and returns its SHA-256.
func fetch(line io.ReadWriter, url string) ([]byte, error) {
	if _, err := fmt.Fprintf(line, "get 0 0 %s\n", url); err != nil {
		return nil, err
	}
	sum := sha256.New()
	for in := bufio.NewReaderSize(line, 64<<10); ; {
		text, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		word, rest, _ := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
		switch word {
		case "data":
			n := int64(0)
			_, err := fmt.Sscan(rest, &n)
			if err == nil {
				_, err = io.CopyN(sum, in, n)
			}
			if err != nil {
				return nil, err
			}
		case "end":
			return sum.Sum(nil), nil
		case "error":
			return nil, errors.New(rest)
		}
	}
}

// have demands that each has what is in a file.
func (f *fetchers) have(t *testing.T, file string) {
	t.Helper()
	f.done.Wait()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(content)
	for i, sum := range f.sums {
		if f.errs[i] != nil || !bytes.Equal(sum, want[:]) {
			t.Errorf("fetcher %d has other bytes: %v", i, f.errs[i])
		}
	}
}
