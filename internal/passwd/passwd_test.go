package passwd

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// etc is a folder with these files.
func etc(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// An account is the first row of seven fields with its name; a number that is none must not become another's, root's least of all.
func TestAccounts(t *testing.T) {
	dir := etc(t, map[string]string{"passwd": "short:x:1:2::/\nroot:x:0:0:Boss:/root:/bin/sh\r\nann:x:1000:100:Ann:/home/ann:\nann:x:0:0::/root:/bin/sh\n" +
		"bad:x:zero:0::/:/bin/sh\nbad:x:0:0::/:/bin/sh\nneg:x:-1:0::/:\nempty:x::0::/:\nhuge:x:4294967296:0::/:\nfree:x:2147483648:1::/:\nmax:x:2147483647:2147483647:::\nlong:x:1:1::/:/bin/sh:\n:x:0:0::/:/bin/sh\n\nlast:x:7:8::/l:/s"})
	want := map[string]Account{"root": {"root", 0, 0, "/root", "/bin/sh"}, "ann": {"ann", 1000, 100, "/home/ann", ""},
		"max": {"max", 1<<31 - 1, 1<<31 - 1, "", ""}, "last": {"last", 7, 8, "/l", "/s"}}
	if got, err := All(dir); err != nil || !maps.Equal(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for name, a := range want {
		if got, err := Find(dir, name); err != nil || got != a {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, why := range map[string]error{"short": ErrNone, "long": ErrNone, "": ErrNone, "nobody": ErrNone, "an": ErrNone,
		"bad": strconv.ErrSyntax, "neg": strconv.ErrSyntax, "empty": strconv.ErrSyntax, "huge": strconv.ErrRange, "free": strconv.ErrRange} {
		if got, err := Find(dir, name); !errors.Is(err, why) || got != (Account{}) {
			t.Errorf("%q: %+v, %v; want %v", name, got, err, why)
		}
	}
}

func TestGroups(t *testing.T) {
	const text = "root:x:0:\nusers:x:100:ann\nkvm:x:104:bob,ann\njo:x:7:joann\nagain:x:104:ann\nfive:x:9:ann:x\nbig:x:2147483648:jo\ntty:x:5:\ntty:x:6:\nodd:x:no:\nodd:x:1:\n"
	dir := etc(t, map[string]string{"group": text})
	for name, tt := range map[string]struct {
		want  []uint32
		fails bool
	}{"ann": {[]uint32{100, 104}, false}, "bob": {[]uint32{100, 104}, false}, "joann": {[]uint32{100, 7}, false}, "jo": {[]uint32{100}, true}, "x": {[]uint32{100}, false}} {
		if got, err := Groups(dir, Account{Name: name, GID: 100}); !slices.Equal(got, tt.want) || (err != nil) != tt.fails {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
	for name, want := range map[string]uint32{"tty": 5, "kvm": 104} {
		if got, err := Group(dir, name); err != nil || got != want {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "ttyx", "five", "odd", "big"} {
		if got, err := Group(dir, name); err == nil {
			t.Errorf("%q: %d", name, got)
		}
	}
}

func TestHashes(t *testing.T) {
	got, err := Hashes(etc(t, map[string]string{"shadow": "root:!:19000:0:99999:7:::\nann:$5$a$b\nroot:$5$c$d:::::::\n:x:\nnone\n"}))
	if want := map[string]string{"root": "!", "ann": "$5$a$b"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

// What cannot be read is told; of an account's groups its own one is known all the same.
func TestUnreadable(t *testing.T) {
	missing, endless := t.TempDir(), etc(t, map[string]string{"passwd": strings.Repeat("x", limit+1), "group": strings.Repeat("x", limit+1), "shadow": strings.Repeat("x", limit+1)})
	for _, dir := range []string{missing, endless} {
		_, found := Find(dir, "ann")
		_, all := All(dir)
		_, hashes := Hashes(dir)
		_, number := Group(dir, "tty")
		own, groups := Groups(dir, Account{Name: "ann", GID: 100})
		if !slices.Equal(own, []uint32{100}) {
			t.Errorf("groups %v", own)
		}
		for _, err := range []error{found, all, hashes, number, groups} {
			if err == nil || errors.Is(err, fs.ErrNotExist) != (dir == missing) || errors.Is(err, ErrNone) {
				t.Errorf("%s: %v", dir, err)
			}
		}
	}
}

// What the builder writes, the box reads.
func TestLines(t *testing.T) {
	a := Account{"ann", 1000, 100, "/home/ann", "/bin/sh"}
	if got, err := find("root:x:0:0::/root:/bin/sh\n"+a.Line(), "ann"); err != nil || got != a {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := group(GroupLine("tty", 5), "tty"); err != nil || got != 5 {
		t.Errorf("%d, %v", got, err)
	}
}

// No text in the files may make an account out of nothing, or root out of somebody else; and all ways of asking say the same.
func FuzzFiles(f *testing.F) {
	f.Add("root:x:0:0::/root:/bin/sh\nann:x:5:6::/:\n", "ann")
	f.Add("a:b:c:d:e:f:g\n\x00:::::::\n", "a")
	f.Add("tty:x:5:ann,bob\n", "ann")
	f.Fuzz(func(t *testing.T, text, name string) {
		rows := all(text)
		for key, a := range rows {
			if key == "" || a.Name != key || a.UID > 1<<31-1 || a.GID > 1<<31-1 {
				t.Errorf("account %q: %+v", key, a)
			}
			if a.UID == 0 && !strings.Contains(text, ":0") {
				t.Errorf("account %q became root", key)
			}
		}
		a, err := find(text, name)
		if row, ok := rows[name]; ok != (err == nil) || row != a {
			t.Errorf("%q is %+v, %v, and among all %+v", name, a, err, row)
		}
		gids, _ := groups(text, a)
		if gids[0] != a.GID || len(slices.Compact(slices.Sorted(slices.Values(gids)))) != len(gids) {
			t.Errorf("groups %v of %+v", gids, a)
		}
		if gid, err := group(text, name); err != nil && gid > 1<<31-1 {
			t.Errorf("group %d", gid)
		}
		_ = hashes(text)
	})
}
