package bounded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// zoo makes one of each kind of thing that is no file, and files of sizes that count; link is a link's target.
func zoo(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	device := func(kind uint32, major, minor uint32) func(string) error {
		return func(path string) error { return unix.Mknod(path, kind|0o600, int(unix.Mkdev(major, minor))) }
	}
	for name, make := range map[string]func(string) error{
		"file":   func(p string) error { return os.WriteFile(p, []byte("text"), 0o600) },
		"long":   func(p string) error { return os.WriteFile(p, make([]byte, 65), 0o600) },
		"sparse": func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, 500<<30)) },
		"pipe":   func(p string) error { return unix.Mkfifo(p, 0o600) },
		"socket": device(unix.S_IFSOCK, 0, 0),
		"zero":   device(unix.S_IFCHR, 1, 5),
		"memory": device(unix.S_IFCHR, 1, 1),
		"block":  device(unix.S_IFBLK, 7, 0),
		"folder": func(p string) error { return os.Mkdir(p, 0o700) },
		"link":   func(p string) error { return os.Symlink("file", p) },
		"tozero": func(p string) error { return os.Symlink("/dev/zero", p) },
		"broken": func(p string) error { return os.Symlink(at("nowhere"), p) },
	} {
		if err := make(at(name)); err != nil {
			t.Fatalf("making %s: %v", name, err)
		}
	}
	return dir
}

// refusals is what of the zoo is refused, and how.
var refusals = map[string]string{
	"long": "has 65 bytes; accepted: at most 64", "sparse": "has 536870912000 bytes; accepted: at most 64",
	"pipe": "is a named pipe; accepted: a regular file", "socket": "is a socket; accepted: a regular file",
	"zero": "is a character device; accepted: a regular file", "memory": "is a character device; accepted: a regular file",
	"block": "is a block device; accepted: a regular file", "folder": "is a folder; accepted: a regular file",
	"link": "is a symbolic link; accepted: a regular file", "tozero": "is a symbolic link; accepted: a regular file",
	"broken": "is a symbolic link; accepted: a regular file",
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("device nodes and other accounts' files are made by root only")
	}
}

func TestReadRefusesAllButFiles(t *testing.T) {
	needRoot(t)
	dir := zoo(t)
	for name, read := range map[string]func(string, int64) ([]byte, error){"Read": Read, "Secret": Secret, "ReadIn": func(path string, limit int64) ([]byte, error) {
		folder, err := Folder(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		defer folder.Close()
		return ReadIn(int(folder.Fd()), filepath.Base(path), limit)
	}} {
		if text, err := read(filepath.Join(dir, "file"), 64); err != nil || string(text) != "text" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if _, err := read(filepath.Join(dir, "nothing"), 64); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a file that is not there: %v", name, err)
		}
		for what, want := range refusals {
			if text, err := read(filepath.Join(dir, what), 64); err == nil || !strings.HasSuffix(err.Error(), what+" "+want) || len(text) > 0 {
				t.Errorf("%s of %s: %d bytes, %v; want …%s %s", name, what, len(text), err, what, want)
			}
		}
	}
	if text, err := Read(filepath.Join(dir, "long"), 65); err != nil || len(text) != 65 {
		t.Errorf("a file of just the limit: %d bytes, %v", len(text), err)
	}
}

// A folder on the way counts as the file does; links of the image's own, which lie in the root file system, are followed.
func TestLinksOnTheWay(t *testing.T) {
	needRoot(t)
	dir := zoo(t)
	for _, op := range []func(string) error{
		func(p string) error { _, err := Read(p, 64); return err },
		func(p string) error { return Write(p, nil, 0o600) },
		func(p string) error { return Make(p, 0o700) },
		Remove,
	} {
		for what, want := range map[string]string{"pipe": "a named pipe", "zero": "a character device", "file": "a regular file"} {
			path := filepath.Join(dir, what, "clock")
			if err := op(path); err == nil || !strings.HasSuffix(err.Error(), fmt.Sprintf(": %s is %s; accepted: a folder", what, want)) {
				t.Errorf("below %s: %v", what, err)
			}
		}
	}
	// A disk that leads into the system.
	disk := mountTmpfs(t)
	target := t.TempDir()
	if err := errors.Join(os.WriteFile(target+"/shadow", []byte("secret"), 0o600), os.Symlink(target, disk+"/state")); err != nil {
		t.Fatal(err)
	}
	for name, op := range map[string]func() error{
		"reading": func() error { _, err := Read(disk+"/state/shadow", 64); return err },
		"writing": func() error { return Write(disk+"/state/shadow", []byte("mine"), 0o600) },
		"making":  func() error { return Make(disk+"/state/new", 0o700) },
		"listing": func() error { _, err := Names(disk+"/state", 9); return err },
	} {
		if err := op(); err == nil || !strings.HasSuffix(err.Error(), ": state is a symbolic link; accepted: a folder") {
			t.Errorf("%s through a link on a disk: %v", name, err)
		}
	}
	if names, _ := filepath.Glob(target + "/*"); len(names) != 1 {
		t.Errorf("behind the link there is now %q", names)
	}
}

// The image may have links, as Debian's /var/run is; one that another account could have placed is none of them.
func TestOwnLinks(t *testing.T) {
	needRoot(t)
	dir, err := os.MkdirTemp("/", "bounded-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(dir+"/run", 0o755), os.Symlink("../"+filepath.Base(dir)+"/run", dir+"/var"), os.Symlink(dir+"/run/none", dir+"/late"), os.Symlink("loop", dir+"/loop")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Make(dir+"/var/uinit", 0o700), Make(dir+"/late/er", 0o700), Write(dir+"/var/uinit/mark", []byte("x"), 0o600)); err != nil {
		t.Errorf("through links of the image: %v", err)
	}
	if text, err := Read(dir+"/run/uinit/mark", 1); string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
	if err := Make(dir+"/loop/x", 0o700); err == nil {
		t.Error("a link to itself was followed")
	}
	for _, spoilt := range []struct {
		name           string
		mode           os.FileMode
		folder, linkOf int
	}{
		{"a link in a folder that others may write", 0o777, 0, 0}, {"a link in an account's folder", 0o755, 1000, 0}, {"an account's link", 0o755, 0, 1000},
	} {
		if err := errors.Join(os.Chown(dir, spoilt.folder, 0), os.Chmod(dir, spoilt.mode), os.Lchown(dir+"/var", spoilt.linkOf, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir+"/var/uinit/mark", 1); err == nil || !strings.HasSuffix(err.Error(), ": var is a symbolic link; accepted: a folder") {
			t.Errorf("%s: %v", spoilt.name, err)
		}
	}
}

func TestWrite(t *testing.T) {
	needRoot(t)
	dir := zoo(t)
	for what := range refusals {
		path := filepath.Join(dir, what)
		err := Write(path, []byte("new"), 0o600)
		if what == "folder" {
			if !errors.Is(err, unix.EISDIR) {
				t.Errorf("over a folder: %v", err)
			}
			continue
		}
		if text, bad := Read(path, 64); err != nil || bad != nil || string(text) != "new" {
			t.Errorf("over %s: %v, %q, %v", what, err, text, bad)
		}
	}
	if text, err := os.ReadFile(dir + "/file"); string(text) != "text" {
		t.Errorf("what a link led to became %q, %v", text, err)
	}
	if _, err := os.Lstat(dir + "/nowhere"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made through a link: %v", err)
	}
	// What lies where the new file is filled, is not opened either.
	if err := errors.Join(os.Symlink(dir+"/file", dir+"/.seed.new"), unix.Mkfifo(dir+"/.clock.new", 0o600), os.Mkdir(dir+"/.spool.new", 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Write(dir+"/seed", []byte("s"), 0o600), Write(dir+"/clock", []byte("c"), 0o644)); err != nil {
		t.Error(err)
	}
	if err := Write(dir+"/spool", nil, 0o600); err == nil || !strings.HasSuffix(err.Error(), "making way for .spool.new: is a directory") {
		t.Errorf("a folder where the new file is filled: %v", err)
	}
	if text, _ := os.ReadFile(dir + "/file"); string(text) != "text" {
		t.Errorf("what a link led to became %q", text)
	}
	if err := FillNew(dir+"/seed", 0o600, func(*os.File) error { return nil }); !errors.Is(err, os.ErrExist) {
		t.Errorf("a new file in place of another: %v", err)
	}
	failed := errors.New("no room")
	if err := Fill(dir+"/half", 0o600, func(*os.File) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("a file that is not filled: %v", err)
	}
	for _, name := range []string{"half", ".half.new", ".seed.new", ".clock.new"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

func TestSecret(t *testing.T) {
	needRoot(t)
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		mode os.FileMode
		uid  int
		want string
	}{
		{0o600, 0, ""}, {0o400, 0, ""},
		{0o640, 0, "may be read or written by others (mode 0640); accepted: mode 0600"},
		{0o604, 0, "may be read or written by others (mode 0604); accepted: mode 0600"},
		{0o620, 0, "may be read or written by others (mode 0620); accepted: mode 0600"},
		{0o600, 1000, "belongs to account 1000; accepted: account 0"},
	} {
		if err := errors.Join(os.Chmod(path, tt.mode), os.Chown(path, tt.uid, 0)); err != nil {
			t.Fatal(err)
		}
		text, err := Secret(path, 64)
		if tt.want == "" && (err != nil || string(text) != "key") || tt.want != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.want)) {
			t.Errorf("mode %o, account %d: %q, %v", tt.mode, tt.uid, text, err)
		}
	}
}

func TestNames(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		if err := os.WriteFile(fmt.Sprint(dir, "/", i), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := Names(dir, 3); err != nil || len(names) != 3 {
		t.Errorf("%q, %v", names, err)
	}
	if _, err := Names(dir, 2); err == nil || !strings.HasSuffix(err.Error(), "has more than 2 entries; accepted: fewer") {
		t.Errorf("three of two: %v", err)
	}
}

func mountTmpfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
		t.Skipf("mounting: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}
