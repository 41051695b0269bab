package account

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// rooted gives the test a root file system of its own, in memory as an appliance's, with what accounts need in /etc.
func rooted(t *testing.T, passwd string) bool {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWNS) {
		return false
	}
	root := t.TempDir()
	err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", root, "tmpfs", 0, "mode=755"))
	for _, dir := range []string{"etc", "home/ada", "home/bob", "run", "other", "old", "proc"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	err = errors.Join(err, os.WriteFile(filepath.Join(root, "etc/passwd"), []byte(passwd), 0o644),
		unix.Mount("/proc", filepath.Join(root, "proc"), "", unix.MS_BIND|unix.MS_REC, ""), unix.Chroot(root), os.Chdir("/"))
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// A home that is confined holds what it held, cannot grow beyond its size, and takes neither devices nor set-user-ID programs.
func TestConfine(t *testing.T) {
	if !rooted(t, "ada:x:1000:1001::/home/ada:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\neve:x:2:2::/other:/bin/sh\n") {
		return
	}
	if err := errors.Join(os.WriteFile("/home/ada/notes", []byte("notes"), 0o640), os.Chown("/home/ada", 1000, 1001), os.Chown("/home/ada/notes", 1000, 1001),
		os.Chmod("/home/ada", 0o700), Confine("ada", 1<<20)); err != nil {
		t.Fatal(err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs("/home/ada", &fs); err != nil || int64(fs.Blocks)*fs.Bsize != 1<<20 || fs.Files != 256 || fs.Flags&(unix.ST_NOSUID|unix.ST_NODEV) != unix.ST_NOSUID|unix.ST_NODEV {
		t.Errorf("%v: %+v", err, fs)
	}
	var home, notes unix.Stat_t
	if err := errors.Join(unix.Stat("/home/ada", &home), unix.Stat("/home/ada/notes", &notes)); err != nil || home.Mode != unix.S_IFDIR|0o700 || home.Uid != 1000 || home.Gid != 1001 ||
		notes.Mode != unix.S_IFREG|0o640 || notes.Uid != 1000 || notes.Gid != 1001 {
		t.Errorf("%v: home %+v, notes %+v", err, home, notes)
	}
	if text, err := os.ReadFile("/home/ada/notes"); string(text) != "notes" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.WriteFile("/home/ada/large", make([]byte, 2<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("2 MiB in a home of one: %v", err)
	}
	if _, err := os.Lstat(workbench); err == nil {
		t.Error("the place where it was put together is still there")
	}
	// A second time it is a file system of its own already, and stays as it is.
	var before, after unix.Stat_t
	if err := errors.Join(unix.Stat("/home/ada", &before), Confine("ada", 2<<20), unix.Stat("/home/ada", &after)); err != nil || before.Dev != after.Dev {
		t.Errorf("confined twice: %v", err)
	}
}

// What does not fit, or is no home in memory, stays as it is.
func TestConfineLeavesAlone(t *testing.T) {
	if !rooted(t, "ada:x:1000:1001::/home/ada:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\neve:x:2:2::/other:/bin/sh\ngone:x:3:3::/home/gone:/bin/sh\nboss:x:0:0::/:/bin/sh\nlink:x:4:4::/home/link:/bin/sh\nfile:x:5:5::/home/file:/bin/sh\n") {
		return
	}
	if err := errors.Join(os.WriteFile("/home/ada/large", make([]byte, 2<<20), 0o600), unix.Mount("tmpfs", "/other", "tmpfs", 0, ""),
		os.Symlink("/home/bob", "/home/link"), os.WriteFile("/home/file", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	dev := func(path string) uint64 {
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return 0
		}
		return st.Dev
	}
	before := map[string]uint64{}
	for _, path := range []string{"/", "/home/ada", "/home/bob", "/home/gone", "/other", "/home/link", "/home/file"} {
		before[path] = dev(path)
	}
	if err := Confine("ada", 1<<20); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a home that does not fit: %v", err)
	}
	if err := Confine("nobody", 1<<20); !errors.Is(err, ErrNoUser) {
		t.Errorf("an account that is not there: %v", err)
	}
	for _, user := range []string{"eve", "gone", "boss", "link", "file"} {
		if err := Confine(user, 1<<20); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
	for path, was := range before {
		if now := dev(path); now != was {
			t.Errorf("%s lies on device %d now, and lay on %d", path, now, was)
		}
	}
	if info, err := os.Stat("/home/ada/large"); err != nil || info.Size() != 2<<20 {
		t.Errorf("what did not fit: %v", err)
	}
	if _, err := os.Lstat(workbench); err == nil {
		t.Error("the place where it was put together is still there")
	}
}
