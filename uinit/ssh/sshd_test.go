package ssh

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestPrepare(t *testing.T) {
	notReady := errors.New("no entropy")
	var ready error
	var made []string
	k := Keys{
		Ready: func(context.Context) error { return ready },
		Make: func(_ context.Context, file string) (string, error) {
			made = append(made, file)
			return "SHA256:x", nil
		},
		Kept: func(dir string) bool { return dir == "/srv/disk" },
	}
	for _, tt := range []struct {
		state string
		want  Key
	}{{"", Key{"SHA256:x", false}}, {"/srv/disk", Key{"SHA256:x", true}}, {"/srv/absent", Key{"SHA256:x", false}}} {
		if got, err := k.Prepare(t.Context(), spec.SSH{State: tt.state}); err != nil || got != tt.want {
			t.Errorf("state %q: %+v, %v; want %+v", tt.state, got, err, tt.want)
		}
	}
	ready, made = notReady, nil
	if _, err := k.Prepare(t.Context(), spec.SSH{}); !errors.Is(err, notReady) || made != nil {
		t.Errorf("before the pool was ready: %v, made %v", err, made)
	}
}

func TestMakeKey(t *testing.T) {
	for name, tt := range map[string]struct{ script, want, err string }{
		"well":   {`[ "$*" = "-key F -make-key" ] && echo SHA256:abc`, "SHA256:abc", ""},
		"fails":  {"echo 'sshd: no space' >&2; exit 1", "", "sshd: no space"},
		"mumble": {"echo hello", "", "not a fingerprint"},
	} {
		program := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(program, []byte("#!/bin/sh\n"+tt.script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		got, err := makeKey(t.Context(), program, "F")
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := makeKey(t.Context(), "/nonexistent", "F"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a program: %v", err)
	}
}
