package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/uki/ukitest"
)

// full is a disk without room.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.room {
		return 0, unix.ENOSPC
	}
	f.room -= len(b)
	return len(b), nil
}

// Who asked for results that could not be written is told so by the exit code, whatever the verb.
func TestFullOutput(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, args := range [][]string{{"check", "headless"}, {"check", "--json", "headless"}, {"version"}, {"--help"}, {"completion", "bash"}, {"cache"}, {"help", "build"}, {"run", "--help"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), &out, &errs); code != exitDone || out.Len() == 0 {
			t.Fatalf("%q: %d, %q", args, code, errs.String())
		}
		errs.Reset()
		if code := run(t.Context(), args, strings.NewReader(""), &full{}, &errs); code != exitFailed || !strings.Contains(errs.String(), unix.ENOSPC.Error()) {
			t.Errorf("%q: %d, %q", args, code, errs.String())
		}
		errs.Reset()
		if code := run(t.Context(), args, strings.NewReader(""), &full{out.Len() - 1}, &errs); code != exitFailed {
			t.Errorf("%q with room for all but a byte: %d, %q", args, code, errs.String())
		}
	}
}

// A difference that could not be written is trouble, as diff(1) has it.
func TestFullOutputOfDiff(t *testing.T) {
	dir, _ := images(t)
	t.Chdir(dir)
	for _, args := range [][]string{{"diff", "initrd", "other"}, {"diff", "--json", "initrd", "other"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), &out, &errs); code != exitFailed || out.Len() == 0 {
			t.Fatalf("%q: %d, %q, %q", args, code, out.String(), errs.String())
		}
		errs.Reset()
		if code := run(t.Context(), args, strings.NewReader(""), &full{}, &errs); code != exitUsage || !strings.Contains(errs.String(), unix.ENOSPC.Error()) {
			t.Errorf("%q: %d, %q", args, code, errs.String())
		}
	}
}

// A pipe that nobody writes to does not keep the program from ending.
func TestProfileFromSilentPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "box.toml")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() { // lets the reader go
		if fd, err := unix.Open(pipe, unix.O_WRONLY|unix.O_NONBLOCK, 0); err == nil {
			unix.Close(fd)
		}
	}()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("SIGTERM"))
	for _, verb := range []string{"check", "build", "plan", "ls", "run", "test", "lock"} {
		var out, errs bytes.Buffer
		if code := run(ctx, []string{verb, pipe}, strings.NewReader(""), &out, &errs); code == exitDone || out.Len() > 0 {
			t.Errorf("%s: %d, %q", verb, code, out.String())
		}
	}
}

// A device or pipe that a flag names is refused, and is one afterwards: a rename would have put a file in its place.
func TestOutputIsNoDevice(t *testing.T) {
	dir, _ := images(t)
	t.Chdir(dir)
	if err := errors.Join(unix.Mkfifo("pipe", 0o600), os.Symlink("pipe", "link"), os.WriteFile("box.efi", ukitest.Stub(1024), 0o600)); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "genkey", "box"); code != exitDone {
		t.Fatal(stderr)
	}
	for _, to := range []string{"pipe", "link"} {
		for _, args := range [][]string{
			{"repack", "initrd", "--overlay", "overlay", "-o", to}, {"sign", "box.efi", "--key", "box.key", "--cert", "box.crt", "-o", to},
			{"test", "headless", "--junit", to}, {"run", "headless", "--until", "x", "--boot-chart", to},
		} {
			if code, _, stderr := call(t, args...); code != exitFailed || !strings.Contains(stderr, to+": it is not a plain file; accepted: a file") {
				t.Errorf("%q: %d, %q", args, code, stderr)
			}
			for name, want := range map[string]fs.FileMode{"pipe": fs.ModeNamedPipe, "link": fs.ModeSymlink} {
				if info, err := os.Lstat(name); err != nil || info.Mode().Type() != want {
					t.Fatalf("%q: %s is %v, %v", args, name, info.Mode(), err)
				}
			}
		}
	}
}
