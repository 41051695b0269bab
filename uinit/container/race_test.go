package container

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Containers that start at the same time make the directory of a volume that they share once.
func TestVolumeMadeAtOnce(t *testing.T) {
	dir := t.TempDir()
	m := &spec.Machine{Mount: map[string]spec.Mount{dir: {Type: "ext4"}}}
	for n := range 200 {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				f, err := openVolume(m, filepath.Join(dir, string(rune('a'+n%26)), time.Duration(n).String()))
				if err != nil {
					t.Error(err)
					return
				}
				f.Close()
			})
		}
		all.Wait()
	}
}

// A directory on the way to a volume that becomes a link and a directory again, all the time, never leads out of the mount.
func TestVolumeRace(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	m := &spec.Machine{Mount: map[string]spec.Mount{dir: {Type: "ext4"}}}
	way, aside := filepath.Join(dir, "way"), filepath.Join(dir, "aside")
	if err := errors.Join(os.MkdirAll(way+"/data", 0o755), os.Symlink(outside, aside), os.Mkdir(outside+"/data", 0o755)); err != nil {
		t.Fatal(err)
	}
	end, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-end:
				return
			default:
				_ = unix.Renameat2(unix.AT_FDCWD, way, unix.AT_FDCWD, aside, unix.RENAME_EXCHANGE)
			}
		}
	}()
	var found, refused int
	for begin := time.Now(); found < 100 || refused < 100; {
		f, err := openVolume(m, way+"/data")
		if err != nil {
			refused++
		} else {
			found++
			if at, err := os.Readlink("/proc/self/fd/" + number(int(f.Fd()))); err != nil || at != way+"/data" && at != aside+"/data" {
				t.Errorf("it found %s, %v", at, err)
			}
			f.Close()
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("the race is none: %d found, %d refused", found, refused)
		}
	}
	close(end)
	<-over
}

// A link on the way to a root's file, or in its place, leads nowhere: no file of the machine becomes a container's disk.
func TestRootBehindLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	m := &spec.Machine{Mount: map[string]spec.Mount{dir: {Type: "ext4"}}}
	if err := errors.Join(os.Symlink(outside, dir+"/way"), os.Symlink(outside+"/new", dir+"/file.img"), os.Symlink(outside+"/new", dir+"/other.img.new")); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"/way/file.img", "/way/below/file.img", "/file.img", "/other.img"} {
		if f, err := openFile(m, spec.ContainerRoot{Path: dir + file, Size: 1 << 20}); err == nil {
			t.Errorf("%s is a device, %s", file, f.Name())
			f.Close()
		}
	}
	if made, err := filepath.Glob(outside + "/*"); err != nil || len(made) > 0 {
		t.Errorf("it made %q, %v", made, err)
	}
}

// Where a volume has a mount of the machine's below it, its container cannot take that away, nor put a link there: rmdir(2) of a place
// where something is mounted succeeds in a namespace that does not show it, and ends the mount.
func TestVolumeAboveAMount(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	disk := mountDisk(t)
	inner := disk + "/all/inner"
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", inner, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(inner, unix.MNT_DETACH) })
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/sh", "-c", "/bin/busybox rmdir /data/inner && ln -s / /data/inner; echo done; exec sleep 1000"}, Restart: spec.RestartNever,
		Volume: map[string]spec.ContainerVolume{"/data": {Path: disk + "/all"}}}})
	b.Machine.Now().Mount = map[string]spec.Mount{disk: {Type: "ext4"}, inner: {Type: "tmpfs"}}
	if err := b.begin(t.Context(), b.all["web"]); err == nil {
		b.said(t, "web", "done")
	} else {
		t.Logf("it does not start: %v", err)
	}
	if !mountPoints(t)[inner] {
		t.Errorf("nothing is mounted at %s any more", inner)
	}
}
