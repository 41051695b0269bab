package account

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestChanges(t *testing.T) {
	const other = spec.PasswordHash("$6$other$hash")
	for name, tt := range map[string]struct {
		was, now spec.User
		want     string
	}{
		"nothing":              {spec.User{PasswordHash: hash, AuthorizedKeys: []string{"a"}}, spec.User{PasswordHash: hash, AuthorizedKeys: []string{"a"}}, ""},
		"another hash":         {spec.User{PasswordHash: hash}, spec.User{PasswordHash: other}, "ada hash $6$other$hash"},
		"a first hash":         {spec.User{}, spec.User{PasswordHash: other}, "ada hash $6$other$hash"},
		"no hash any more":     {spec.User{PasswordHash: hash}, spec.User{}, "ada hash "},
		"key A to B":           {spec.User{AuthorizedKeys: []string{"a"}}, spec.User{AuthorizedKeys: []string{"b"}}, "ada keys [b]"},
		"a key more":           {spec.User{AuthorizedKeys: []string{"a"}}, spec.User{AuthorizedKeys: []string{"a", "b"}}, "ada keys [a b]"},
		"another order":        {spec.User{AuthorizedKeys: []string{"a", "b"}}, spec.User{AuthorizedKeys: []string{"b", "a"}}, "ada keys [b a]"},
		"no keys any more":     {spec.User{AuthorizedKeys: []string{"a"}}, spec.User{AuthorizedKeys: []string{}}, "ada keys []"},
		"none, said otherwise": {spec.User{}, spec.User{AuthorizedKeys: []string{}}, ""},
		"both":                 {spec.User{PasswordHash: hash, AuthorizedKeys: []string{"a"}}, spec.User{PasswordHash: other, AuthorizedKeys: []string{"b"}}, "ada hash $6$other$hash, ada keys [b]"},
		"what no site changes": {spec.User{Shell: "/bin/sh"}, spec.User{Shell: "/bin/bash"}, ""},
	} {
		was := map[string]spec.User{"ada": tt.was, "gone": {PasswordHash: hash}}
		var words []string
		for _, c := range Changes(was, map[string]spec.User{"ada": tt.now}) {
			if c.Hash != nil {
				words = append(words, fmt.Sprintf("%s hash %s", c.Name, *c.Hash))
			}
			if c.Keys != nil {
				words = append(words, fmt.Sprintf("%s keys %v", c.Name, *c.Keys))
			}
		}
		if got := strings.Join(words, ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	list := Changes(nil, map[string]spec.User{"b": {PasswordHash: hash}, "a": {PasswordHash: hash}, "c": {}})
	if len(list) != 2 || list[0].Name != "a" || list[1].Name != "b" {
		t.Errorf("%+v", list)
	}
}

// Each change is in the files afterwards; one that cannot be made is told, and the others are made.
func TestMake(t *testing.T) {
	root := t.TempDir()
	me := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	if err := errors.Join(os.Mkdir(filepath.Join(root, "etc"), 0o755), os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("ada:x:"+me+"::/ada:/bin/sh\n"), 0o644),
		os.WriteFile(filepath.Join(root, "etc/shadow"), []byte("ada:!:1\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	err := Make(root, Changes(map[string]spec.User{"ada": {AuthorizedKeys: []string{"a"}}}, map[string]spec.User{"aaa": {PasswordHash: hash}, "ada": {PasswordHash: hash, AuthorizedKeys: []string{"b"}}, "eve": {AuthorizedKeys: []string{"e"}}}))
	if !errors.Is(err, ErrNoUser) || strings.Count(err.Error(), ErrNoUser.Error()) != 2 {
		t.Errorf("%v", err)
	}
	shadow, err1 := os.ReadFile(filepath.Join(root, "etc/shadow"))
	keys, err2 := os.ReadFile(filepath.Join(root, "ada/.ssh/authorized_keys"))
	if err := errors.Join(err1, err2); err != nil || string(shadow) != "ada:"+string(hash)+":1\n" || string(keys) != "b\n" {
		t.Errorf("%q, %q, %v", shadow, keys, err)
	}
}
