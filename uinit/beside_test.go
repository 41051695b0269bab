package main

import (
	"errors"
	"os"
	"testing"
)

func TestDropBeside(t *testing.T) {
	dir := t.TempDir()
	extra := dir + "/.extra"
	if found, err := dropBeside(extra); found || err != nil {
		t.Errorf("nothing: %v, %v", found, err)
	}
	if err := errors.Join(os.MkdirAll(extra+"/credentials", 0o500), os.Symlink(dir, extra+"/global_credentials"), os.Mkdir(dir+"/kept", 0o755)); err != nil {
		t.Fatal(err)
	}
	if found, err := dropBeside(extra); !found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() != "kept" {
		t.Errorf("left %v, %v", left, err)
	}
}
