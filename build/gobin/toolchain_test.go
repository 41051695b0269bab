package gobin

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

const needs126 = "module m\n\ngo 1.26.0\n"

func TestToolchainVersion(t *testing.T) {
	b, _ := newBuilder(t)
	for range 2 {
		tc, err := b.toolchain(t.Context(), []byte(needs126))
		if err != nil {
			t.Fatal(err)
		}
		if want := goEnv(t, "GOVERSION"); tc.version != want {
			t.Errorf("%q, want %q", tc.version, want)
		}
	}
}

func TestToolchainUnusable(t *testing.T) {
	old := "#!/bin/sh\nif [ $1 = version ]; then echo go version go1.19.8 linux/amd64; exit; fi\necho 'go: errors parsing go.mod' >&2; exit 1\n"
	tests := []struct {
		name, script string
		have         string
		is           error
	}{
		{"none", "", "", exec.ErrNotFound},
		{"cannot read go.mod", old, "go1.19.8", nil},
		{"reads it all the same", "#!/bin/sh\necho go1.20.1\n", "go1.20.1", nil},
		{"is broken", "#!/bin/sh\nexit 3\n", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, _ := newBuilder(t)
			dir := t.TempDir()
			t.Setenv("PATH", dir+":/bin:/usr/bin")
			b.Go = "go-of-the-test"
			if tt.script != "" {
				writeFiles(t, dir, map[string]string{b.Go: tt.script})
			}
			b.Checkout = checkout(t)
			_, err := b.Uinit(t.Context())
			var none *NoGoError
			if !errors.As(err, &none) {
				t.Fatalf("not a NoGoError: %v", err)
			}
			if none.Need != "1.26.0" || none.Have != tt.have || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("needs %q, has %q: %v", none.Need, none.Have, err)
			}
			for _, word := range []string{"1.26.0", "--uinit", "--busybox"} {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("no %s in: %v", word, err)
				}
			}
		})
	}
}

// A stand-in of a version manager may start another Go tomorrow.
func TestStandInIsAskedEachTime(t *testing.T) {
	dir := t.TempDir()
	b, _ := newBuilder(t)
	b.Go = filepath.Join(dir, "go")
	for _, v := range []string{"go1.26.1", "go1.27.0"} {
		writeFiles(t, dir, map[string]string{"go": "#!/bin/sh\necho " + v + "\n"})
		tc, err := b.toolchain(t.Context(), []byte(needs126))
		if err != nil || tc.version != v {
			t.Errorf("%q, %v; want %q", tc.version, err, v)
		}
	}
}

// When the build is cancelled nothing that the go command started goes on.
func TestCancelEndsTheProcessGroup(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "alive")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// Like a go command with a compiler: the child holds the pipe open.
	writeFiles(t, dir, map[string]string{"go": "#!/bin/sh\nexec 3>" + fifo + "\n(trap '' INT; echo up >&3; exec sleep 1000) &\nwait\n"})
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped by the user")
	done := make(chan error)
	go func() {
		_, err := toolchain{path: filepath.Join(dir, "go")}.run(ctx, dir, "build")
		done <- err
	}()
	alive, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	var buf [8]byte
	if _, err := alive.Read(buf[:]); err != nil {
		t.Fatal(err)
	}
	cancel(stop)
	if err := <-done; !errors.Is(err, stop) {
		t.Errorf("the error is %v", err)
	}
	// The end of the file comes when the last process has gone.
	if n, err := alive.Read(buf[:]); n != 0 {
		t.Errorf("the child lives: %d bytes, %v", n, err)
	}
}

func TestCancelledBuildLeavesNothing(t *testing.T) {
	b, _ := newBuilder(t)
	b.Checkout = checkout(t)
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Uinit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	left, err := fs.Glob(os.DirFS(tmp), "*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	if _, err := b.Uinit(t.Context()); err != nil {
		t.Errorf("the next build: %v", err)
	}
}

func TestInspect(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"text": "#!/bin/sh\n", "short": ""})
	tests := []struct {
		path string
		is   error
	}{
		{filepath.Join(dir, "none"), fs.ErrNotExist},
		{filepath.Join(dir, "text"), errNotStatic},
		{filepath.Join(dir, "short"), errNotStatic},
		{"/bin/sh", errNotStatic}, // dynamic
	}
	for _, tt := range tests {
		if _, err := inspect(tt.path); !errors.Is(err, tt.is) {
			t.Errorf("%s: %v, want %v", tt.path, err, tt.is)
		}
	}
	b, _ := newBuilder(t)
	b.Checkout = checkout(t)
	want, err := b.Uinit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.UinitFile, b.BusyboxFile, b.Go = want.Path, want.Path, "/nonexistent/go"
	for _, prebuilt := range []func() (Binary, error){
		func() (Binary, error) { return b.Uinit(t.Context()) },
		func() (Binary, error) { return b.Busybox(t.Context(), []string{"pwd"}) },
	} {
		got, err := prebuilt()
		if err != nil || got.SHA256 != want.SHA256 || got.Size != want.Size || got.GoVersion != runtime.Version() {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
}
