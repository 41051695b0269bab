package qemu

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// qemuImg makes a disk with QEMU's own tool.
func qemuImg(t *testing.T, args ...string) {
	t.Helper()
	program := needed.Program(t, "qemu-img")
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("qemu-img %v: %v\n%s", args, err, out)
	}
}

// stranger writes a file that a header is to lead to.
func stranger(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stranger")
	if err := os.WriteFile(file, bytes.Repeat([]byte("secret--"), 1<<17), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestHeadersThatNameFiles(t *testing.T) {
	other := stranger(t)
	for _, tt := range []struct {
		name string
		args []string
		want string // "": taken
	}{
		{"plain", []string{"4M"}, ""},
		{"version 2", []string{"-o", "compat=0.10", "4M"}, ""},
		{"small clusters", []string{"-o", "cluster_size=512", "4M"}, ""},
		{"subclusters and zstd", []string{"-o", "extended_l2=on,compression_type=zstd", "4M"}, ""},
		{"backing file", []string{"-F", "raw", "-b", other, "4M"}, "names a backing file"},
		{"backing file, version 2", []string{"-o", "compat=0.10", "-F", "raw", "-b", other, "4M"}, "names a backing file"},
		{"data file", []string{"-o", "data_file=" + filepath.Join(t.TempDir(), "data"), "4M"}, "lies in another file"},
	} {
		file := filepath.Join(t.TempDir(), "disk")
		qemuImg(t, append([]string{"create", "-q", "-f", "qcow2", file}, tt.args...)...)
		f, err := openDisk(spec.VMDisk{Path: file, Format: spec.VMQcow2})
		if err == nil {
			f.Close()
		}
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), file+": its header") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want …%s…", tt.name, err, tt.want)
		}
	}
}

func TestForgedHeaders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	qemuImg(t, "create", "-q", "-f", "qcow2", file, "4M")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	be := binary.BigEndian
	extension := int(be.Uint32(good[100:]))
	for want, forge := range map[string]func(b []byte) []byte{
		`it is not of format "qcow2"`:                  func(b []byte) []byte { return b[:50] },
		`it is not of format "qcow2" `:                 func(b []byte) []byte { b[0]++; return b },
		"version 4 and clusters":                       func(b []byte) []byte { b[7] = 4; return b },
		"clusters of 2^40 bytes":                       func(b []byte) []byte { b[23] = 40; return b },
		"names a backing file":                         func(b []byte) []byte { be.PutUint32(b[16:], 5); return b }, // a length, and no place
		"has incompatible features 0x8000000000000000": func(b []byte) []byte { b[72] |= 0x80; return b },
		"names another file, or that file's format":    func(b []byte) []byte { be.PutUint32(b[extension:], dataFileName); return b },
		"names another file, or that file's format ":   func(b []byte) []byte { be.PutUint32(b[extension:], backingFormatName); return b },
		"its header is cut off":                        func(b []byte) []byte { be.PutUint32(b[extension+4:], 0xffffffff); return b },
		"its header is cut off ":                       func(b []byte) []byte { be.PutUint32(b[100:], 8); return b },
		"its header is cut off  ":                      func(b []byte) []byte { return b[:90] },
	} {
		err := checkHeader(bytes.NewReader(forge(bytes.Clone(good))))
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("%v, want …%s…", err, want)
		}
	}
}

// QEMU itself is started with what a plan says of a disk. Its header leads to another file, but nothing of it gets in.
func TestQEMUOpensNoBackingFile(t *testing.T) {
	needed.Program(t, filepath.Base(Program))
	other := stranger(t)
	file := filepath.Join(t.TempDir(), "disk")
	qemuImg(t, "create", "-q", "-f", "qcow2", "-F", "raw", "-b", other, file)
	disk := spec.VMDisk{Path: file, Format: spec.VMQcow2}
	plan := Make("web", filled(spec.VM{Memory: 1 << 30, Disk: map[string]spec.VMDisk{"a": disk}}), Host{Names: []string{"web"}})
	var args []string
	for i, word := range plan.Args {
		if word == "-add-fd" || word == "-blockdev" {
			args = append(args, word, plan.Args[i+1])
		}
	}
	run := func(args ...string) string {
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd := exec.Command(Program, append([]string{"-M", "none", "-nodefaults", "-display", "none", "-qmp", "stdio"}, args...)...)
		cmd.ExtraFiles = []*os.File{f, f, f} // monitor, console, disk: all that the plan has
		cmd.Stdin = strings.NewReader(`{"execute":"qmp_capabilities"}{"execute":"query-named-block-nodes"}{"execute":"quit"}`)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), `"disk-a"`) {
			t.Fatalf("QEMU with %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if nodes := run(args...); strings.Contains(nodes, `"filename": "`+other) {
		t.Errorf("QEMU has opened %s:\n%s", other, nodes)
	}
	// The test would see it.
	free := strings.Split(strings.ReplaceAll(strings.Join(args, "\x00"), `"backing":null,`, ""), "\x00")
	if nodes := run(free...); !strings.Contains(nodes, `"filename": "`+other) {
		t.Errorf("QEMU that was told nothing has not opened %s either:\n%s", other, nodes)
	}
}

func TestOpenVars(t *testing.T) {
	dir := t.TempDir()
	template := filepath.Join(dir, "template")
	if err := os.WriteFile(template, make([]byte, 540672), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := openVars(filepath.Join(dir, "new/vars"), template)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	huge, link := filepath.Join(dir, "huge"), filepath.Join(dir, "link")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 500<<30); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(template, link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{huge: "accepted: 540672 bytes", link: "is a symbolic link; accepted: a regular file", dir: "is a folder; accepted: a regular file"} {
		if f, err := openVars(path, template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want …%s", path, f, err, want)
		}
	}
}

func FuzzCheckHeader(f *testing.F) {
	header := make([]byte, 112)
	copy(header, "QFI\xfb\x00\x00\x00\x03")
	header[23], header[103] = 16, 104
	f.Add(header)
	f.Add(header[:73])
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkHeader(bytes.NewReader(text)) == nil && (text[72]|text[73]|text[74]|text[75]|text[76]|text[77]|text[78] != 0 && text[7] == 3 || !bytes.Equal(text[8:20], make([]byte, 12))) {
			t.Errorf("%q is taken", text)
		}
	})
}
