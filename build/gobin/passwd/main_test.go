package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-crypt/crypt/algorithm/shacrypt"

	"github.com/imgbuild/imgbuild/internal/passwd"
)

// typed is a file to read passwords from, as from a pipe.
func typed(t *testing.T, text string) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { r.Close() })
	return r
}

func TestPasswd(t *testing.T) {
	etc := t.TempDir()
	shadow := filepath.Join(etc, "shadow")
	if err := os.WriteFile(shadow, []byte("root:*:1::::::\neve:!:1::::::\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hash := func(name string) string {
		hashes, err := passwd.Hashes(etc)
		if err != nil {
			t.Fatal(err)
		}
		return hashes[name]
	}
	try := func(in string, args ...string) (string, error) {
		var said strings.Builder
		err := run(args, etc, typed(t, in), &said)
		return said.String(), err
	}
	for _, tt := range []struct{ in, args, bad string }{
		{"one\ntwo\n", "eve", "not alike"}, {"\n\n", "eve", "let anybody in"}, {"", "eve", "nothing was changed"}, {"one\n", "eve", "nothing was changed"},
		{"a\na\n", "nobody", "no such account"}, {"a\na\n", "-d eve", "-d is not known"}, {"", "-u eve", "has no password"},
	} {
		before := hash("eve")
		if said, err := try(tt.in, strings.Fields(tt.args)...); err == nil || !strings.Contains(err.Error(), tt.bad) || hash("eve") != before {
			t.Errorf("passwd %s: %q, %v; want %s", tt.args, said, err, tt.bad)
		}
	}
	said, err := try("correct horse\ncorrect horse", "eve")
	if err != nil || !strings.Contains(said, "user.eve.password_hash") {
		t.Fatalf("%q, %v", said, err)
	}
	if digest, err := shacrypt.Decode(hash("eve")); err != nil || !digest.Match("correct horse") || hash("root") != "*" {
		t.Errorf("eve has %q, root %q: %v", hash("eve"), hash("root"), err)
	}
	set := hash("eve")
	for _, step := range []struct{ args, said, hash string }{
		{"-S eve", "eve P ", set}, {"-l eve", "eve is locked", "!" + set}, {"-l eve", "eve is locked", "!" + set}, {"-S eve", "eve L ", "!" + set}, {"-u eve", "eve is unlocked", set},
	} {
		if said, err := try("", strings.Fields(step.args)...); err != nil || !strings.HasPrefix(said, step.said) || hash("eve") != step.hash {
			t.Errorf("passwd %s: %q, %v; the hash is %q", step.args, said, err, hash("eve"))
		}
	}
	if info, err := os.Stat(shadow); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v: %v", info.Mode(), err)
	}
}
