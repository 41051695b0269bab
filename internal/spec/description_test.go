package spec

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machine.json")
	if _, err := Read(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	for text, ok := range map[string]bool{"{}": true, `{"hostname":"box1"}`: true, "": false, "{": false, `{"hostname":"-"}`: false} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file); (err == nil) != ok {
			t.Errorf("Read(%q): %v", text, err)
		}
	}
}
