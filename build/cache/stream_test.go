package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// What is vouched for by a hash is read to its end before anybody may believe it; whatever is another is an error by the time of the last byte.
func TestStream(t *testing.T) {
	c := open(t)
	mustEntry(t, c, "x")
	for name, tt := range map[string]struct {
		is   string
		size int64
		sum  string
		err  string // "" for none
	}{
		"right":                {"content", 7, sum("content"), ""},
		"another byte":         {"c0ntent", 7, sum("content"), "its bytes are others than were put there"},
		"longer":               {"content!", 7, sum("content"), "it has 8 bytes, and should have 7"},
		"shorter":              {"conten", 7, sum("content"), "it has 6 bytes, and should have 7"},
		"empty":                {"", 0, sum(""), ""},
		"empty, and not meant": {"", 0, sum("content"), "its bytes are others"},
		"another kind of hash": {"content", 7, strings.ToUpper(sum("content")), "its bytes are others"},
	} {
		path := filepath.Join(c.Path("k", "a", ""), "below", "file")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(tt.is), 0o600)); err != nil {
			t.Fatal(err)
		}
		for _, pace := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			var text []byte
			s, err := c.Stream(path, tt.size, tt.sum)
			if err == nil {
				text, err = io.ReadAll(pace(s))
				if n, more := s.Read(make([]byte, 5)); n != 0 || more != io.EOF {
					t.Errorf("%s: behind its end there are %d bytes, %v", name, n, more)
				}
				s.Close()
			}
			var bad *DamageError
			switch {
			case tt.err == "" && (err != nil || string(text) != tt.is):
				t.Errorf("%s: %q, %v", name, text, err)
			case tt.err != "" && (!errors.As(err, &bad) || bad.Kind != "k" || bad.Key != "a" || bad.File != "below/file" || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("%s: %v, want %s", name, err, tt.err)
			}
		}
		// A buffer that has room for all: the verdict comes with the last byte, not after it.
		if s, err := c.Stream(path, tt.size, tt.sum); err == nil && tt.size > 0 {
			if n, err := s.Read(make([]byte, 100)); n != int(tt.size) || (err == nil) != (tt.err == "") {
				t.Errorf("%s, at once: %d, %v", name, n, err)
			}
			s.Close()
		}
	}
	// What is cut off, and what lies outside of the cache.
	path := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := c.Stream(path, 7, sum("another"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(s); err == nil || err.Error() != "reading "+path+": it changed since the build began" {
		t.Errorf("a file of one's own: %v", err)
	}
	if s, err = c.Stream(path, 7, sum("content")); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 3); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(s); !errors.Is(err, io.ErrUnexpectedEOF) || string(text) != "con" {
		t.Errorf("cut off meanwhile: %q, %v", text, err)
	}
	if _, err := c.Stream(path+"x", 7, ""); !errors.Is(err, os.ErrNotExist) || errors.As(err, new(*DamageError)) {
		t.Errorf("what is not there: %v", err)
	}
}

// A record comes back as it was, and whatever in it cannot be is none.
func TestRecords(t *testing.T) {
	r := record{
		"empty": {size: 0, sums: [][sha256.Size]byte{}}, "holes and spaces in its name": {size: 5*chunk + 1, sums: [][sha256.Size]byte{{}, {}, {1}, {}, {2}, {}}},
		"one": {size: 1, sums: [][sha256.Size]byte{{9}}}, "full": {size: chunk, sums: [][sha256.Size]byte{{7}}},
	}
	text, err := r.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var got record
	if err := got.UnmarshalText(text); err != nil || len(got) != 4 {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, c := range r {
		if got[name].size != c.size || len(got[name].sums) != len(c.sums) || len(c.sums) > 0 && !reflect.DeepEqual(got[name].sums, c.sums) {
			t.Errorf("%s: %+v, want %+v", name, got[name], c)
		}
	}
	sealed := func(body string) []byte { return fmt.Appendf(nil, "%send %x\n", body, sha256.Sum256([]byte(body))) }
	one := fmt.Sprintf("%x\n", [32]byte{1})
	for name, tt := range map[string]struct {
		text []byte
		ok   bool
	}{
		"as it is": {text, true}, "one byte more": {append(bytes.Clone(text), '\n'), false}, "one less": {text[:len(text)-1], false}, "nothing": {nil, false}, "no end": {[]byte(recordHead + "\n"), false},
		"no files": {sealed(recordHead + "\n"), true}, "another form": {sealed("imgbuild cache record 2\n"), false}, "a file": {sealed(recordHead + "\nfile 1 a\n" + one), true},
		"a sum too few": {sealed(recordHead + "\nfile 1 a\n"), false}, "one too many": {sealed(recordHead + "\nfile 1 a\n" + one + one), false}, "of the next chunk": {sealed(recordHead + fmt.Sprintf("\nfile %d a\n", chunk+1) + one), false},
		"zeros": {sealed(recordHead + fmt.Sprintf("\nfile %d a\nzero 2\n", chunk+1)), true}, "fewer than none": {sealed(recordHead + "\nfile 0 a\nzero -1\n"), false}, "too many zeros": {sealed(recordHead + "\nfile 1 a\nzero 1073741825\n"), false},
		"no size": {sealed(recordHead + "\nfile x a\n"), false}, "half a sum": {sealed(recordHead + "\nfile 1 a\n" + one[:32] + "\n"), false}, "no sum": {sealed(recordHead + "\nfile 1 a\nzz\n"), false},
		"damage in the middle": {bytes.Replace(text, []byte("zero 2"), []byte("zero 1"), 1), false},
	} {
		var r record
		if err := r.UnmarshalText(tt.text); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for text, want := range map[string]bool{"\x00": true, "\x01": false, "\x00\x00\x00": true, "\x00\x00\x01": false, "\x01\x01": false} {
		if zeros([]byte(text)) != want {
			t.Errorf("%q is zeros: %v", text, !want)
		}
	}
}

// A size is what a fill has told, else what its files take; a file with two names takes it once.
func TestSizes(t *testing.T) {
	c := open(t)
	mustEntry(t, c, "x")
	if err := os.WriteFile(c.lockPath("k", "a"), []byte("12345\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if item, err := c.item("k", "a"); err != nil || item.Size != 12345 {
		t.Errorf("%+v, %v", item, err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	one, err := allocated(dir)
	if err == nil {
		err = errors.Join(os.Link(file, filepath.Join(dir, "b")))
	}
	two, err2 := allocated(dir)
	if err != nil || err2 != nil || one < 64<<10 || one > 96<<10 || two != one {
		t.Errorf("%d, with a second name %d; %v, %v", one, two, err, err2)
	}
	if err := os.WriteFile(filepath.Join(dir, "c"), bytes.Repeat([]byte("y"), 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if three, err := allocated(dir); err != nil || three < one+64<<10 {
		t.Errorf("%d with one more, %v", three, err)
	}
	if err := os.WriteFile(c.lockPath("k", "a"), []byte("much"), 0o600); err != nil {
		t.Fatal(err)
	}
	if item, err := c.item("k", "a"); err != nil || item.Size <= 0 || item.Size == 12345 {
		t.Errorf("without a number: %+v, %v", item, err)
	}
	// What is not ours is neither listed nor removed; entries of one time stand in order.
	when := time.Unix(1700000000, 0)
	for _, name := range []string{"b", "c"} {
		if _, err := c.Entry(t.Context(), "k", name, write("x")); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(c.entry("k", name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	if err := errors.Join(os.Mkdir(filepath.Join(c.dir, "entry", "k", ".hidden"), 0o755), os.MkdirAll(filepath.Join(c.dir, "entry", "NotOurs", "x"), 0o755), os.Mkdir(filepath.Join(c.dir, "tmp", "theirs"), 0o755), os.Mkdir(filepath.Join(c.dir, "tmp", "k~dead"), 0o755), os.Mkdir(filepath.Join(c.dir, "tmp", "k~gone~"), 0o755)); err != nil {
		t.Fatal(err)
	}
	items, err := reopen(t, c).List()
	if err != nil || !equal(keys(items), "b", "c", "a") || !items[0].Used.Equal(when) || items[0].Kind != "k" {
		t.Errorf("%+v, %v", items, err)
	}
	if removed, err := reopen(t, c).Prune(0, 0); err != nil || !equal(keys(removed), "b", "c", "a") {
		t.Errorf("%+v, %v", removed, err)
	}
	left, err := os.ReadDir(filepath.Join(c.dir, "tmp"))
	if err != nil || len(left) != 1 || left[0].Name() != "theirs" {
		t.Errorf("left in tmp: %v, %v", left, err)
	}
}

// An identity outlives opening, is not longer than one, and marks the cache for backups to leave out.
func TestIdentity(t *testing.T) {
	c := open(t)
	id := identity(c.dir)
	if len(id) != 27 || identity(reopen(t, c).dir) != id {
		t.Errorf("%q, then %q", id, identity(c.dir))
	}
	if text, err := os.ReadFile(filepath.Join(c.dir, "CACHEDIR.TAG")); err != nil || string(text) != "Signature: 8a477f597d28d172789f06886806bc55\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "id"), bytes.Repeat([]byte("x"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := identity(c.dir); len(got) != 64 {
		t.Errorf("a long one gives %d bytes", len(got))
	}
	if err := errors.Join(os.Remove(filepath.Join(c.dir, "id")), os.Symlink("/dev/zero", filepath.Join(c.dir, "id"))); err != nil {
		t.Fatal(err)
	}
	if got := identity(c.dir); got != "" {
		t.Errorf("a link gives %q", got)
	}
	if leftover := filepath.Join(c.dir, "lock", "state", "id"); exists(leftover) {
		t.Error("the lock of its making is left")
	}
	if err := c.SetNote("n", []byte("text")); err != nil || string(c.Note("n")) != "text" || c.Note("none") != nil || c.Notes() != c.index.at("note") {
		t.Errorf("notes: %v, %q", err, c.Note("n"))
	}
	dir, err := c.State("apt")
	if err != nil || dir != filepath.Join(c.dir, "state", "apt") || !exists(dir) {
		t.Errorf("%s, %v", dir, err)
	}
}
