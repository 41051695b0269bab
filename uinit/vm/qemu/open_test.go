package qemu

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestOpenDisk(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(unix.Mkfifo(pipe, 0o600), os.Symlink(there, link)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		disk spec.VMDisk
		size int64
		err  string
	}{
		{"made, with its folder", spec.VMDisk{Path: filepath.Join(dir, "x/raw"), Create: true, Size: 1 << 30}, 1 << 30, ""},
		{"there already", spec.VMDisk{Path: there, Create: true, Size: 1 << 30}, 8, ""},
		{"not there", spec.VMDisk{Path: filepath.Join(dir, "none")}, 0, "no such file"},
		{"a folder", spec.VMDisk{Path: dir, ReadOnly: true}, 0, "is a folder; accepted: a regular file"},
		{"a pipe", spec.VMDisk{Path: pipe}, 0, "is a named pipe; accepted: a regular file"},
		{"a link to another disk", spec.VMDisk{Path: link}, 0, "is a symbolic link; accepted: a regular file"},
		{"below a link", spec.VMDisk{Path: filepath.Join(there, "disk"), Create: true, Size: 1 << 20}, 0, "there is a regular file; accepted: a folder"},
		{"a device that is no disk", spec.VMDisk{Path: "/dev/null"}, 0, "accepted: a file, or a block device below /dev"},
		{"no device is made", spec.VMDisk{Path: "/dev/no/volume", Create: true, Size: 1 << 20}, 0, "no such file"},
	} {
		f, err := openDisk(tt.disk)
		if tt.err != "" || err != nil {
			if tt.err == "" || err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
			}
			continue
		}
		if info, err := f.Stat(); err != nil || info.Size() != tt.size {
			t.Errorf("%s: %v, %v", tt.name, info.Size(), err)
		}
		f.Close()
	}
	if b, _ := os.ReadFile(there); !bytes.Equal(b, []byte("precious")) {
		t.Errorf("what was there is now %q", b)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "x", ".*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// QEMU's own tool is the judge.
func TestQcow2(t *testing.T) {
	program := needed.Program(t, "qemu-img")
	for _, size := range []spec.Size{1 << 20, 8 << 30, 512<<20 + 512, 3 << 40} {
		path := filepath.Join(t.TempDir(), "disk")
		f, err := openDisk(spec.VMDisk{Path: path, Format: "qcow2", Create: true, Size: size})
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if out, err := exec.Command(program, "check", "-f", "qcow2", path).CombinedOutput(); err != nil || !strings.Contains(string(out), "No errors") {
			t.Errorf("%s: %v: %s", size, err, out)
		}
		out, err := exec.Command(program, "info", "--output=json", path).Output()
		if err != nil || !strings.Contains(strings.ReplaceAll(string(out), " ", ""), `"virtual-size":`+strconv.FormatInt(int64(size), 10)) {
			t.Errorf("%s: %v: %s", size, err, out)
		}
	}
}
