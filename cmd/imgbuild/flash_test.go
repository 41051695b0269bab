package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// stick makes a file that an image fits on, filled with what is not zero.
func stick(t *testing.T, name string, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, bytes.Repeat([]byte("content "), int(size+9<<20)/8), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// kept runs flash on a path that must be refused for a reason, and holds it to leaving the file's bytes alone.
func kept(t *testing.T, dir, path, file, want string) {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	code, _, stderr := imgbuild(t, dir, "flash", "--yes", "disk.img", path)
	if code != exitFailed || !strings.Contains(stderr, want) {
		t.Errorf("flash %s: exit %d, %q, want %q", path, code, stderr, want)
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Errorf("flash %s wrote to what is held: %v", path, err)
	}
}

// A plain file that others use is no place for an image: behind a loop device, mounted or not, or open in a guest.
func TestFlashLeavesFilesInUse(t *testing.T) {
	dir, size := images(t)
	t.Run("loop device", func(t *testing.T) {
		file := stick(t, "backing", size)
		device := needed.Loop(t, file)
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(file, link); err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(device)
		for _, path := range []string{file, link} {
			kept(t, dir, path, file, file+" is not written to: it is in use: "+file+" is the file behind "+name)
		}
		if out, err := exec.Command("mke2fs", "-q", "-F", device).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		where := t.TempDir()
		// Mounted for writing, the kernel itself writes to it, whenever it gets to that.
		if err := unix.Mount(device, where, "ext4", unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Unmount(where, 0) }()
		kept(t, dir, file, file, name+" on "+file+" is mounted on "+where)
	})
	t.Run("guest", func(t *testing.T) {
		qemuIO := needed.Program(t, "qemu-io")
		for _, mode := range [][]string{nil, {"-r"}} {
			file := stick(t, "guest.img", size)
			c := exec.Command(qemuIO, append(mode, "-f", "raw", file)...)
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.Start(), await(in, out)); err != nil {
				t.Fatal(err)
			}
			kept(t, dir, file, file, file+" is not written to: it is in use: ")
			in.Close()
			_ = c.Wait()
			if code, _, stderr := imgbuild(t, dir, "flash", "--yes", "disk.img", file); code != exitDone {
				t.Errorf("when the guest is gone: %q", stderr)
			}
		}
	})
}

// await returns when QEMU's tool has opened its file and answers a command.
func await(in interface{ Write([]byte) (int, error) }, out interface{ Read([]byte) (int, error) }) error {
	if _, err := in.Write([]byte("length\n")); err != nil {
		return err
	}
	var got []byte
	for b := make([]byte, 256); !bytes.Contains(got, []byte("MiB")); {
		n, err := out.Read(b)
		if err != nil {
			return errors.Join(err, errors.New("qemu-io says "+string(got)))
		}
		got = append(got, b[:n]...)
	}
	return nil
}

// Before a name is asked for, a person reads what is lost; the name is the disk's own, whatever link leads there.
func TestFlashSaysWhatIsLost(t *testing.T) {
	dir, size := images(t)
	file := stick(t, "stick", size)
	b, err := os.ReadFile(filepath.Join(dir, "disk.img"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	f.Close()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"flash", "disk.img", link}, strings.NewReader("link\n"), &out, &errs)
	held, asked := strings.Index(errs.String(), "\n  holds partition esp ("), strings.Index(errs.String(), "Type its name, stick, to write")
	if code != exitFailed || held < 0 || asked < held {
		t.Errorf("exit %d, %q", code, errs.String())
	}
	if code := run(t.Context(), []string{"flash", "disk.img", link}, strings.NewReader("stick\n"), &out, &errs); code != exitDone || !strings.Contains(out.String(), file) {
		t.Errorf("exit %d, %q, %q", code, out.String(), errs.String())
	}
}
