package main

import (
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/traced"
)

// A key that clients have seen and that is gone after a power cut makes them believe that they talk to another machine.
func TestHostKeyIsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	rows := traced.Of(t, dir, func() {
		if _, err := ensureKey(filepath.Join(dir, "key")); err != nil {
			t.Error(err)
		}
	})
	if err := traced.Durable(rows, "key", true); err != nil {
		t.Error(err)
	}
}
