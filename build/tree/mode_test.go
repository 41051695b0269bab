package tree_test

import (
	"io/fs"
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
)

func TestModeString(t *testing.T) {
	for want, mode := range map[string]fs.FileMode{
		"-rw-r--r--": 0o644,
		"drwxr-xr-x": fs.ModeDir | 0o755,
		"drwxrwxrwt": fs.ModeDir | fs.ModeSticky | 0o777,
		"drwxrwx--T": fs.ModeDir | fs.ModeSticky | 0o770,
		"lrwxrwxrwx": fs.ModeSymlink | 0o777,
		"crw-rw-rw-": fs.ModeDevice | fs.ModeCharDevice | 0o666,
		"brw-rw----": fs.ModeDevice | 0o660,
		"prw-------": fs.ModeNamedPipe | 0o600,
		"srwxr-xr-x": fs.ModeSocket | 0o755,
		"-rwsr-xr-x": fs.ModeSetuid | 0o755,
		"-rwSr-Sr--": fs.ModeSetuid | fs.ModeSetgid | 0o644,
	} {
		if got := tree.ModeString(mode); got != want {
			t.Errorf("%v: %s, want %s", mode, got, want)
		}
	}
}
