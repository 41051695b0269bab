package mount

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// fileSystemOf is a file with a file system.
func fileSystemOf(t *testing.T, command ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "volume")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 16<<20)); err != nil {
		t.Fatal(err)
	}
	tool(t, append(command, file)...)
	return file
}

func tool(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.Command(needed.Program(t, command[0]), command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
}

func put(t *testing.T, file string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(b, at)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// The judges are the real programs.
func TestPreen(t *testing.T) {
	ext4 := func() string { return fileSystemOf(t, "mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum") }
	fat := func() string { return fileSystemOf(t, "mkfs.vfat") }
	for _, tt := range []struct {
		name, kind, file string
		spoil            func(file string)
		want             string // "": it may be mounted
	}{
		{"in order", "ext4", ext4(), func(string) {}, ""},
		{"not unmounted", "ext4", ext4(), func(f string) { tool(t, "debugfs", "-w", "-R", "ssv state 0", f) }, ""},
		{"a lost inode", "ext4", ext4(), func(f string) { // which goes to lost+found without asking
			tool(t, "debugfs", "-w", "-R", "ssv state 0", f)
			tool(t, "debugfs", "-w", "-R", "ssv free_inodes_count 7", f)
		}, ""},
		{"a root directory that is none", "ext4", ext4(), func(f string) {
			tool(t, "debugfs", "-w", "-R", "ssv state 2", f)
			tool(t, "debugfs", "-w", "-R", "clri <2>", f)
		}, "UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY"},
		// What was found stands in the lines before its last words.
		{"an inode that claims what is none of its", "ext4", ext4(), func(f string) {
			tool(t, "debugfs", "-w", "-R", "ssv state 2", f)
			tool(t, "debugfs", "-w", "-R", "sif <2> mode 0100644", f)
		}, "Root inode is not a directory"},
		{"a feature of another age", "ext4", ext4(), func(f string) { put(t, f, 1024+0x60, binary.LittleEndian.AppendUint32(nil, 1<<31)) }, "unsupported feature"},
		{"garbage", "ext4", ext4(), func(f string) { put(t, f, 0, []byte(strings.Repeat("garbage ", 2<<20))) }, "Bad magic number"},
		{"in order", "vfat", fat(), func(string) {}, ""},
		{"not unmounted", "vfat", fat(), func(f string) { put(t, f, 37, []byte{1}) }, ""},
		{"garbage", "vfat", fat(), func(f string) { put(t, f, 0, make([]byte, 512)) }, "/sbin/fsck.fat: exit status 1"},
		{"none that is known", "xfs", "/nonexistent", func(string) {}, ""},
	} {
		tt.spoil(tt.file)
		err := preen(t.Context(), tt.kind, tt.file)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s, %s: %v, want …%s…", tt.kind, tt.name, err, tt.want)
		}
	}
}

// A checker that is missing, that crashes or that is called off has not found the file system to be in order.
func TestCheckersThatFail(t *testing.T) {
	script := func(text string) checker {
		file := filepath.Join(t.TempDir(), "checker")
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return checker{repair: []string{file}, repaired: []int{1, 2, 3}}
	}
	for want, c := range map[string]checker{
		"no such file":                      {repair: []string{"/sbin/none"}},
		"signal: segmentation fault":        script("kill -SEGV $$"),
		"exit status 4: left":               script("echo left; exit 4"),
		"exit status 8":                     script("exit 8"),
		"exit status 5":                     script("exit 5"), // repaired, and not all
		"line 4; line 5":                    script("dd if=/dev/zero bs=1M count=64 2>/dev/null; echo; for i in 1 2 3 4 5; do echo line $i; done; exit 4"),
		"block 8; ...; block 49; a verdict": script("for i in $(seq 49); do echo block $i; done; echo; echo a verdict; exit 4"),
	} {
		if err := c.preen(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 800 || strings.ContainsRune(err.Error(), 0) {
			t.Errorf("%v, want …%s", err, want)
		}
	}
	// It may come to a good point to stop at.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	slow := script("trap 'echo stopped; exit 32' TERM; echo >$0.heeds; mkfifo $0.pipe; exec 3<>$0.pipe; read never <&3")
	heeds := slow.repair[0] + ".heeds"
	if err := unix.Mkfifo(heeds, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = os.ReadFile(heeds) // which returns when the script has come so far
		cancel()
	}()
	begun := time.Now()
	err := slow.preen(ctx, "x")
	if err == nil || !strings.Contains(err.Error(), "stopped") || time.Since(begun) > patience+5*time.Second {
		t.Errorf("called off after %v: %v", time.Since(begun), err)
	}
}

func TestWary(t *testing.T) {
	const safe = unix.MS_NOSUID | unix.MS_NODEV
	for _, tt := range []struct {
		cfg  spec.Mount
		bits uintptr
		data string
	}{
		{spec.Mount{Type: "xfs"}, safe, ""},
		{spec.Mount{Type: "ext4", Options: []string{"noatime"}}, safe | unix.MS_NOATIME, "errors=remount-ro"},
		{spec.Mount{Type: "ext4", Options: []string{"errors=panic", "ro,suid"}}, unix.MS_NODEV | unix.MS_RDONLY, "errors=remount-ro,errors=panic"},
		{spec.Mount{Type: "ext4", Options: []string{"dev", "suid"}}, 0, "errors=remount-ro"},
	} {
		if bits, data := wary(tt.cfg); bits != tt.bits || data != tt.data {
			t.Errorf("%+v: %#x %q, want %#x %q", tt.cfg, bits, data, tt.bits, tt.data)
		}
	}
}

// A target on another disk may be a link into the system; what is mounted there would take its place.
func TestMountBelowALink(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting takes root")
	}
	disk, etc := t.TempDir(), t.TempDir()
	if err := attachBelow(FileSystem{Source: "tmpfs", Target: disk, Type: "tmpfs"}); err != nil {
		t.Skipf("mounting: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	if err := os.Symlink(etc, disk+"/data"); err != nil {
		t.Fatal(err)
	}
	for _, fs := range []FileSystem{
		{Source: "tmpfs", Target: disk + "/data", Type: "tmpfs"}, {Source: "tmpfs", Target: disk + "/data/new", Type: "tmpfs"},
		{Source: disk + "/data", Target: disk + "/bound", Type: "ext4", Flags: unix.MS_BIND},
	} {
		if err := attachBelow(fs); err == nil || !strings.HasSuffix(err.Error(), "data is a symbolic link; accepted: a folder") {
			t.Errorf("%+v: %v", fs, err)
		}
	}
	if err := attachBelow(FileSystem{Source: "tmpfs", Target: disk + "/sub/dir", Type: "tmpfs"}); err != nil {
		t.Error(err)
	}
	table, err := Mounts()
	if err != nil || table.At(disk+"/sub/dir") == nil || table.At(etc) != nil || table.At(disk+"/data") != nil {
		t.Errorf("mounted wrongly: %v", err)
	}
}
