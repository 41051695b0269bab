package gobin

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// dirStore is a Store that keeps everything below a directory.
type dirStore string

func (s dirStore) Lookup(kind, key string) (string, bool) {
	dir := filepath.Join(string(s), kind, key)
	_, err := os.Stat(dir)
	return dir, err == nil
}

func (s dirStore) Entry(ctx context.Context, kind, key string, fill func(context.Context, string) error) (string, error) {
	dir, ok := s.Lookup(kind, key)
	if ok {
		return dir, nil
	}
	tmp := dir + ".tmp"
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := fill(ctx, tmp); err != nil {
		return "", err
	}
	return dir, os.Rename(tmp, dir)
}

func TestBusyboxSmall(t *testing.T) {
	b := &Builder{Cache: dirStore(t.TempDir())}
	bin, err := b.Busybox(t.Context(), []string{"echo", "true"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(bin.Path, "echo", "hi").CombinedOutput()
	if err != nil || string(out) != "hi\n" {
		t.Errorf("%q %v", out, err)
	}
	t.Logf("%+v", bin)
}
