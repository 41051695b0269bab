package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/disk"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/qcow"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
	"github.com/imgbuild/imgbuild/internal/gptedit"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// archive packs texts by path.
func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var list []tree.File
	for path, text := range files {
		list = append(list, tree.File{Path: path, Mode: 0o644, Body: []byte(text), Size: int64(len(text))})
	}
	var b bytes.Buffer
	z, err := cpio.Compress(&b, cpio.Zstd, cpio.Fast)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cpio.Write(z, list, time.Unix(1700000000, 0), nil), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// images makes a directory with an initrd, another, a disk of the former, and bad ones.
func images(t *testing.T) (dir string, size int64) {
	t.Helper()
	dir = t.TempDir()
	initrd := archive(t, map[string]string{"init": "program", "motd": "hello\n"})
	unified, err := uki.New(ukitest.Stub(1024), uki.Parts{Linux: bytes.NewReader(ukitest.Kernel("6.1.0", 9000)), Initrd: bytes.NewReader(initrd), Cmdline: "quiet"})
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := disk.New(disk.Config{Name: "test", Epoch: time.Unix(1700000000, 0), Boot: grub.NoMenu(unified)})
	if err != nil {
		t.Fatal(err)
	}
	q, err := qcow.New(raw)
	if err != nil {
		t.Fatal(err)
	}
	whole := func(c extent.Content) []byte {
		b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	d := whole(raw)
	for name, b := range map[string][]byte{"initrd": initrd, "other": archive(t, map[string]string{"init": "program", "motd": "hello world\n", "new": ""}), "hostile": archive(t, map[string]string{"init": "program", "motd": "hello\n", "\x1b]0;mine\a\x1b[2J\u009b1m": "", "two\nrows": "", "\u202eexe.txt": ""}),
		"disk.img": d, "disk.qcow2": whole(q), "cut.img": d[:20<<20], "garbage": []byte("garbage"), "cut": initrd[:60]} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "overlay/etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay/etc/hook"), []byte("hook"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, raw.Size()
}

func TestImageVerbs(t *testing.T) {
	dir, size := images(t)
	blank := func(name string, size int64) {
		if err := errors.Join(os.WriteFile(filepath.Join(dir, name), nil, 0o644), os.Truncate(filepath.Join(dir, name), size)); err != nil {
			t.Fatal(err)
		}
	}
	blank("small", 1<<20)
	blank("target", size+9<<20)
	const initrd = "esp/EFI/BOOT/BOOTX64.EFI/.initrd"
	for _, tc := range []struct {
		args           []string
		code           int
		stdout, stderr string // what each contains
	}{
		{[]string{"ls", "initrd"}, exitDone, "-rw-r--r--     0     0          6  motd\n", "initrd: initramfs, 3 files\n"},
		{[]string{"ls", "hostile"}, exitDone, `\x1b]0;mine\a\x1b[2J\u009b1m` + "\n", ""}, {[]string{"ls", "hostile"}, exitDone, `two\nrows` + "\n", ""},
		{[]string{"diff", "initrd", "hostile"}, exitFailed, `\u202eexe.txt  0` + "\n", ""}, {[]string{"cat", "initrd", "\x1b[2Jmotd"}, exitFailed, "", `imgbuild: initrd holds no file \x1b[2Jmotd; "imgbuild ls`},
		{[]string{"ls", "disk.img"}, exitDone, initrd + "/motd\n", "disk.img: disk image"},
		{[]string{"ls", "disk.qcow2", "-q"}, exitDone, initrd + "  (initramfs)\n", ""},
		{[]string{"ls", "initrd", "--json"}, exitDone, `{"path":"motd","mode":420,"uid":0,"gid":0,"size":6}`, ""},
		{[]string{"ls", "garbage"}, exitFailed, "", "reading garbage: it is no image we know"},
		{[]string{"ls", "cut"}, exitFailed, "", "unexpected EOF"},
		{[]string{"ls", "cut.img"}, exitFailed, "", "a partition from sector"},
		{[]string{"ls", "initrd", "--limit", "16"}, exitFailed, "", "compressed segments hold more than 16 bytes; --limit SIZE allows more"},
		{[]string{"ls", "initrd", "--limit", "lots"}, exitUsage, "", `--limit: "lots" is not a size`},
		{[]string{"ls", "missing"}, exitUsage, "", `there is no file missing, and no shipped profile of that name`},
		{[]string{"cat", "initrd", "motd"}, exitDone, "hello\n", ""},
		{[]string{"cat", "disk.img", "/" + initrd + "/motd"}, exitDone, "hello\n", ""},
		{[]string{"cat", "disk.img", "esp/EFI/BOOT/BOOTX64.EFI/.cmdline"}, exitDone, "quiet", ""},
		{[]string{"cat", "initrd", "mot"}, exitFailed, "", "initrd holds no file mot; did you mean motd?"},
		{[]string{"cat", "initrd", "whatever"}, exitFailed, "", `"imgbuild ls initrd" lists its files`},
		{[]string{"cat", "disk.img", "esp/EFI"}, exitFailed, "", "is no file: drwxr-xr-x"},
		{[]string{"cat", "initrd"}, exitUsage, "", "takes an image and the path of a file in it, got 1 argument"},
		{[]string{"unpack", "initrd", "made"}, exitDone, "made\n", ""},
		{[]string{"unpack", "initrd", "made"}, exitFailed, "", "made is not empty: it holds "},
		{[]string{"unpack", "cut", "notmade"}, exitFailed, "", "unexpected EOF"},
		{[]string{"unpack", "initrd", "notmade"}, exitDone, "notmade\n", ""}, // the failure left no directory
		{[]string{"diff", "initrd", "initrd"}, exitDone, "", ""},
		{[]string{"diff", "initrd", "other"}, exitFailed, "~ file          motd  6 → 12 (+6)  content\n+ file          new  0\n", ""},
		{[]string{"diff", "disk.img", "disk.qcow2"}, exitDone, "", "the files in them are the same, the bytes of the images are not\n"},
		{[]string{"diff", "initrd", "other", "--json"}, exitFailed, `[{"section":"file","op":"~","name":"motd","old":6,"new":12,"what":["content"]},`, ""},
		{[]string{"diff", "initrd", "initrd", "--json"}, exitDone, "[]\n", ""},
		{[]string{"diff", "initrd", "garbage"}, exitUsage, "", "it is no image we know"},
		{[]string{"diff", "initrd", "missing"}, exitUsage, "", `there is no file missing, and no shipped profile of that name`},
		{[]string{"repack", "initrd", "--overlay", "overlay"}, exitDone, "initrd.new\n", ""},
		{[]string{"cat", "initrd.new", "etc/hook"}, exitDone, "hook", ""},
		{[]string{"diff", "initrd", "initrd.new"}, exitFailed, "+ file          etc  0\n+ file          etc/hook  4\n", ""},
		{[]string{"repack", "initrd", "--overlay", "made/motd"}, exitUsage, "", "--overlay made/motd is no directory"},
		{[]string{"repack", "initrd"}, exitUsage, "", "--overlay DIR is missing"},
		{[]string{"repack", "disk.img", "--overlay", "overlay"}, exitFailed, "", `it is of the kind "disk image"; accepted: an initramfs, a squashfs`},
		{[]string{"repack", "cut", "--overlay", "overlay", "-o", "out"}, exitFailed, "", "unexpected EOF"},
		{[]string{"flash", "--yes", "disk.img", "small"}, exitFailed, "", "small is not written to: it has 1.0 MB (1048576 bytes), the image "},
		{[]string{"flash", "--yes", "disk.img", "disk.img"}, exitFailed, "", "disk.img is not written to: it is the image itself"},
		{[]string{"flash", "--yes", "cut.img", "target"}, exitFailed, "", "cut.img is damaged or cut off"},
		{[]string{"flash", "--yes", "initrd", "target"}, exitFailed, "", "initrd is an initramfs, or a compressed file, no disk image; accepted: "},
		{[]string{"flash", "--yes", "disk.img", "missing"}, exitUsage, "", "a plain file must be there already"},
		{[]string{"flash", "--yes", "disk.img", "/dev/null"}, exitUsage, "", "/dev/null is neither a disk nor a plain file"},
		{[]string{"flash", "disk.img", "target"}, exitFailed, "", "Type its name, target, to write disk.img to it: \nimgbuild: target is not written to: its name, target, was not typed"},
		{[]string{"flash"}, exitUsage, "", "takes an image and a device, got 0 arguments"},
		{[]string{"flash", "--yes", "disk.qcow2", "target"}, exitDone, "target\n", ""},
		{[]string{"diff", "disk.img", "target"}, exitDone, "", ""},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			code, stdout, stderr := imgbuild(t, dir, tc.args...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit %d, want %d\nstdout: %q\n  want: %q\nstderr: %q\n  want: %q", code, tc.code, stdout, tc.stdout, stderr, tc.stderr)
			}
		})
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".imgbuild-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("a failed repack wrote its output")
	}
	b, err := os.ReadFile(filepath.Join(dir, "target"))
	if err != nil {
		t.Fatal(err)
	}
	if table, err := gptedit.ReadBackup(bytes.NewReader(b), int64(len(b))/512); err != nil || table.LastUsable() != int64(len(b))/512-34 {
		t.Errorf("the flashed table, %v, has room up to another sector than the disk of %d bytes: %v", table, len(b), err)
	}
}

func TestFlashAsksForTheName(t *testing.T) {
	dir, size := images(t)
	t.Chdir(dir)
	if err := os.WriteFile("stick", make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"flash", "disk.img", "stick"}, strings.NewReader("stick\n"), &out, &errs); code != exitDone || out.String() != "stick\n" {
		t.Errorf("exit %d, %q, %q", code, out.String(), errs.String())
	}
	x, _ := os.ReadFile("disk.img")
	if y, _ := os.ReadFile("stick"); !bytes.Equal(x, y) {
		t.Error("the file is not the image")
	}
}

func TestFlashListsDisks(t *testing.T) {
	dir, _ := images(t)
	if _, err := os.Stat("/sys/block"); err != nil {
		t.Skip("no sysfs here:", err)
	}
	code, stdout, stderr := imgbuild(t, dir, "flash", "disk.img", "--json", "--fixed-disk")
	var rows []struct {
		Device  string
		Size    int64
		Refused string
	}
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v: %q %q", code, err, stdout, stderr)
	}
	for _, r := range rows {
		if !strings.HasPrefix(r.Device, "/dev/") || r.Size == 0 {
			t.Errorf("%+v", r)
		}
	}
}

// What cpio(1) and qemu-img make of our images is what we say they hold.
func TestToolsAgree(t *testing.T) {
	dir, _ := images(t)
	needed.Program(t, "cpio")
	needed.Program(t, "zstd")
	t.Chdir(dir)
	text, err := exec.Command("sh", "-c", "zstd -dcq initrd 2>/dev/null | cpio -t --quiet | sort").Output() // zstd complains of the zeros behind the frame
	if err != nil {
		t.Fatalf("%v %s", err, text)
	}
	_, stdout, _ := imgbuild(t, dir, "ls", "-q", "--json", "initrd")
	var rows []imageRow
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil {
		t.Fatal(err)
	}
	var ours strings.Builder
	for _, r := range rows {
		ours.WriteString(r.Path + "\n")
	}
	if ours.String() != string(text) {
		t.Errorf("ours\n%scpio's\n%s", ours.String(), text)
	}
}
