package holder

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// sparse makes a file of 16 MiB in a folder of the test's that is on a disk or in memory, where the kernel has leases.
func sparse(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 16<<20)); err != nil {
		t.Fatal(err)
	}
	return path
}

// loop makes a loop device of a file.
func loop(t *testing.T, file string, flags ...string) string {
	t.Helper()
	return needed.Loop(t, file, flags...)
}

// mountedOn puts a file system on a device and mounts it.
func mountedOn(t *testing.T, device string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mke2fs", "-q", "-F", device).CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v %s", err, out)
	}
	if err := unix.Mount(device, dir, "ext4", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	return dir
}

// child is a process that calls itself by a name and has a file, until it is ended.
func child(t *testing.T, name string, f *os.File) (pid int, end func()) {
	t.Helper()
	// The last words are the shell's own arguments, which it does not look at.
	c := exec.Cmd{Path: "/bin/sh", Args: []string{name, "-c", "echo; read x", "-name", "guest=web,debug-threads=on"}, ExtraFiles: []*os.File{f}}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() {
		if !ended {
			ended = true
			in.Close()
			_ = c.Wait() // read finds the end of its file
		}
	}
	t.Cleanup(end)
	return c.Process.Pid, end
}

// busy holds an error to who is found.
func busy(t *testing.T, path string, flag int, want ...Holder) {
	t.Helper()
	f, err := Open(path, flag)
	if err == nil {
		f.Close()
	}
	e := (*BusyError)(nil)
	if !errors.As(err, &e) || !slices.Equal(e.Holders, want) {
		t.Errorf("opening %s: %v, want %q", path, err, Words(want))
	}
}

func opens(t *testing.T, path string, flag int) *os.File {
	t.Helper()
	f, err := Open(path, flag)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A device is its owner's for as long as anybody has the file that was opened, and mount(2) does not get it.
func TestDeviceIsHeld(t *testing.T) {
	device := loop(t, sparse(t, "disk"))
	name := filepath.Base(device)
	f := opens(t, device, os.O_RDWR)
	if err := unix.Mount(device, t.TempDir(), "ext4", 0, ""); !errors.Is(err, unix.EBUSY) {
		t.Errorf("mounting what is held: %v", err)
	}
	pid, end := child(t, "qemu-system-x86_64", f)
	f.Close()
	busy(t, device, os.O_RDWR, Holder{Kind: Guest, What: name, Name: "web", PID: pid})
	busy(t, device, os.O_RDONLY, Holder{Kind: Guest, What: name, Name: "web", PID: pid})
	end()
	opens(t, device, os.O_RDWR).Close()
}

func TestMountedDevice(t *testing.T) {
	file := sparse(t, "disk")
	device := loop(t, file)
	name, dir := filepath.Base(device), mountedOn(t, device)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(device, link); err != nil {
		t.Fatal(err)
	}
	held := Holder{Kind: Mount, What: name, Name: dir}
	busy(t, device, os.O_RDWR, held)
	// Who may make links must not choose what they stand for.
	if f, err := Open(link, os.O_RDWR); err == nil {
		f.Close()
		t.Error("a link outside of /dev was followed")
	}
	busy(t, file, os.O_RDWR, Holder{Kind: Loop, What: file, Name: name, Device: name}, Holder{Kind: Mount, What: name, On: file, Name: dir})
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	held.Reads = true
	busy(t, device, os.O_RDWR, held)
	opens(t, device, os.O_RDONLY).Close() // two who read are in nobody's way
}

// Whoever writes to a file is alone with it; those who read may be many.
func TestFile(t *testing.T) {
	path := sparse(t, "a b.img")
	f := opens(t, path, os.O_RDWR)
	pid, end := child(t, "qemu-system-x86_64", f)
	f.Close()
	hard := path + "-2"
	if err := os.Link(path, hard); err != nil {
		t.Fatal(err)
	}
	busy(t, path, os.O_RDWR, Holder{Kind: Guest, What: path, Name: "web", PID: pid})
	busy(t, path, os.O_RDONLY, Holder{Kind: Guest, What: path, Name: "web", PID: pid})
	busy(t, hard, os.O_RDWR) // the kernel knows that it is written to, under whatever name
	end()

	f = opens(t, path, os.O_RDONLY)
	pid, end = child(t, "qemu-system-x86_64", f)
	f.Close()
	opens(t, path, os.O_RDONLY).Close()
	busy(t, path, os.O_RDWR, Holder{Kind: Guest, What: path, Name: "web", PID: pid, Reads: true})
	end()
	opens(t, path, os.O_RDWR)
}

func TestFileBehindLoop(t *testing.T) {
	for _, flags := range [][]string{nil, {"--read-only"}} {
		path := sparse(t, "disk")
		device := loop(t, path, flags...)
		name := filepath.Base(device)
		held := Holder{Kind: Loop, What: path, Name: name, Device: name, Reads: flags != nil}
		busy(t, path, os.O_RDWR, held)
		if flags == nil {
			busy(t, path, os.O_RDONLY, held)
		} else {
			opens(t, path, os.O_RDONLY)
		}
		// The other way around: the file is somebody's, and so is what is made of it.
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		pid, end := child(t, "qemu-system-x86_64", f)
		f.Close()
		busy(t, device, os.O_RDONLY, Holder{Kind: Guest, What: path, Name: "web", PID: pid})
		end()
		opens(t, device, os.O_RDONLY).Close()
	}
}

// A reservation of a plain file keeps others out until it is released; a lock as QEMU's stays.
func TestReserve(t *testing.T) {
	path := sparse(t, "disk")
	r, err := Reserve(path, os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	busy(t, path, os.O_RDWR)
	r.Release()
	r.Release()
	f := opens(t, path, os.O_RDONLY)
	lock := unix.Flock_t{Type: unix.F_RDLCK, Start: 100, Len: 1}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock); err != nil {
		t.Fatal(err)
	}
	busy(t, path, os.O_RDWR)
	opens(t, path, os.O_RDONLY)
	for _, other := range []string{"/dev/null", t.TempDir()} {
		if _, err := Open(other, os.O_RDONLY); err == nil || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("opening %s: %v", other, err)
		}
	}
	if _, err := Open(path+"-", os.O_RDWR); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
