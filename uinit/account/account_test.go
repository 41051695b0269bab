package account

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

const hash = spec.PasswordHash("$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0")

func TestParseHash(t *testing.T) {
	for raw, ok := range map[string]bool{string(hash): true, "$y$j9T$abcdefgh$LRqEFPcKtOgeEYaTv96nCtHgGBZLGjkBqWtuMCgWV49\n\x00": true, "$6$salt$hash": false, string(hash[:60]): false, "": false, "secret": false, "$6$a$b\nx:y": false} {
		if got, err := ParseHash([]byte(raw)); (err == nil) != ok {
			t.Errorf("ParseHash(%q) = %q, %v", raw, got, err)
		}
	}
}

func TestApply(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shadow")
	if err := Apply(file, "root", hash); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(file, []byte("root:*:1::::::\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Apply(file, "root", hash), Apply(file, "root", hash)); err != nil {
		t.Fatal(err)
	}
	if err := Apply(file, "nobody", hash); !errors.Is(err, ErrNoUser) {
		t.Errorf("no such account: %v", err)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != "root:"+string(hash)+":1::::::\n" {
		t.Errorf("%q, %v", got, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSetKeys(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	me := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	passwd := "root:x:0:0::/root:/bin/sh\nada:x:" + me + "::/home/ada:/bin/sh\nbroken:x:1\nodd:x:one:1::/:/bin/sh\n"
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), []byte(passwd), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][]string{{"ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"}, {"ssh-ed25519 CCCC three"}, nil} {
		if err := SetKeys(root, "ada", keys); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(root, "home/ada/.ssh/authorized_keys")
		text, err := os.ReadFile(file)
		if want := strings.Join(append(keys, ""), "\n"); string(text) != want {
			t.Errorf("got %q, %v, want %q", text, err, want)
		}
		for path, mode := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): os.ModeDir | 0o700} {
			if info, err := os.Stat(path); err != nil || info.Mode() != mode {
				t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
			}
		}
	}
	for user, want := range map[string]error{"eve": ErrNoUser, "broken": ErrNoUser, "odd": strconv.ErrSyntax} {
		if err := SetKeys(root, user, nil); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", user, err, want)
		}
	}
}

// An account has left links where its keys belong: root must not write to where they lead.
func TestSetKeysWritesThroughNoLink(t *testing.T) {
	root := t.TempDir()
	me := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	shadow := filepath.Join(root, "etc/shadow")
	if err := errors.Join(os.MkdirAll(filepath.Join(root, "etc"), 0o755), os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("ada:x:"+me+"::/ada:/bin/sh\nbob:x:"+me+"::/bob:/bin/sh\n"), 0o644),
		os.WriteFile(shadow, []byte("root:*"), 0o600), os.MkdirAll(filepath.Join(root, "ada/.ssh"), 0o777), os.Symlink(shadow, filepath.Join(root, "ada/.ssh/authorized_keys")),
		os.Mkdir(filepath.Join(root, "bob"), 0o755), os.Symlink(filepath.Join(root, "etc"), filepath.Join(root, "bob/.ssh"))); err != nil {
		t.Fatal(err)
	}
	// The account may write to its home, so nothing there is the image's own.
	if err := os.Chmod(filepath.Join(root, "bob"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := SetKeys(root, "ada", []string{"ssh-ed25519 AAAA"}); err != nil {
		t.Error(err)
	}
	if err := SetKeys(root, "bob", []string{"ssh-ed25519 AAAA"}); err == nil || !strings.Contains(err.Error(), ".ssh is a symbolic link; accepted: a folder") {
		t.Errorf("a folder that is a link: %v", err)
	}
	if text, err := os.ReadFile(shadow); string(text) != "root:*" {
		t.Errorf("what a link led to is now %q, %v", text, err)
	}
	if info, err := os.Lstat(filepath.Join(root, "ada/.ssh/authorized_keys")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := os.Lstat(filepath.Join(root, "etc/authorized_keys")); err == nil {
		t.Error("keys were written to where a link leads")
	}
}
