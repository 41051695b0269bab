package container

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/kmod"
)

// first is the number of the root of the test's containers.
const first = spec.FirstOwner

// box is a machine with containers of the test's image: busybox, whose files belong to a range of numbers.
type box struct {
	*containers
	mu    sync.Mutex
	lines map[string][]string
}

// boot starts nothing yet.
func boot(t *testing.T, rows map[string]spec.Container) *box {
	t.Helper()
	for _, tool := range []string{"crun", "mksquashfs", "busybox"} {
		needed.Program(t, tool)
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make containers")
	}
	mountGroups(t)
	for name, row := range rows {
		defaults.Fill(&row)
		if row.StopSignal == "" {
			row.StopSignal = "KILL" // its first process hears no other that it has not asked for
		}
		rows[name] = row
		t.Cleanup(func() { _ = os.RemoveAll(spec.ContainerDir(name)) })
	}
	d := featuretest.Deps(t, spec.Machine{Container: rows})
	d.Kmod = kmod.NewLoader(&kmod.Index{}, kmod.Config{}, nil) // what the kernel has is there
	b := &box{lines: map[string][]string{}}
	d.Programs.Say = func(name, line string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.lines[name] = append(b.lines[name], line)
	}
	b.containers = newContainers(d)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b.hook = []string{self, hookName}
	close(b.prepared)
	for _, one := range b.all {
		one.imageErr = nil
		one.image = spec.Image{Reference: "the test's", First: first, Layers: []spec.ImageLayer{busybox(t, first)}}
		if !one.cfg.Has(spec.ContainerUser) {
			one.image.First = 0
		}
	}
	t.Cleanup(func() {
		if err := b.stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return b
}

// mountGroups shows the version of control groups that a box has, and a /run in memory, in this test's mounts.
func mountGroups(t *testing.T) {
	t.Helper()
	err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")) // as a box has it
	if err == nil {
		err = unix.Mount("none", cgroup.Mount, "cgroup2", 0, "")
	}
	if err == nil {
		err = unix.Mount("tmpfs", "/run", "tmpfs", 0, "")
	}
	if err == nil { // a /dev/null that nobody else uses, for who owns it is looked at
		err = errors.Join(unix.Mknod("/run/null", unix.S_IFCHR, int(unix.Mkdev(1, 3))), os.Chmod("/run/null", 0o666), unix.Mount("/run/null", os.DevNull, "", unix.MS_BIND, ""))
	}
	if err != nil && !errors.Is(err, unix.EBUSY) {
		t.Fatal(err)
	}
}

// busybox is a layer whose files belong to a number.
func busybox(t *testing.T, first uint32) spec.ImageLayer {
	t.Helper()
	program, err := os.ReadFile(needed.Program(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	add := func(h tar.Header, body []byte) {
		h.Uid, h.Gid, h.Size, h.Name = int(first), int(first), int64(len(body)), "root/"+h.Name
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"", "bin/", "etc/", "srv/"} {
		add(tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755}, nil)
	}
	add(tar.Header{Name: "bin/busybox", Mode: 0o755}, program)
	for name := range strings.FieldsSeq("sh cat id ls mount touch sleep echo ps hostname reboot poweroff init kill grep mkdir ln dd stat nc true readlink") {
		add(tar.Header{Name: "bin/" + name, Typeflag: tar.TypeSymlink, Linkname: "busybox"}, nil)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed(t, &archive)
}

// packed is an archive as a layer.
func packed(t *testing.T, archive io.Reader) spec.ImageLayer {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, filepath.Base(dir)+".squashfs") // a name that no other has: it is that of its mount, too
	cmd := exec.Command("mksquashfs", "-", file, "-tar", "-noappend", "-quiet", "-no-progress", "-comp", "zstd", "-Xcompression-level", "1")
	cmd.Stdin = archive
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mksquashfs: %v: %s", err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		t.Fatal(err)
	}
	return spec.ImageLayer{File: file, SHA256: hex.EncodeToString(h.Sum(nil)), Size: n}
}

// hasSaid says whether a container has said a line by now.
func (b *box) hasSaid(name, line string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.lines["container:"+name], line)
}

// said waits until a container has said a line, and returns all of them.
func (b *box) said(t *testing.T, name, line string) []string {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		lines := slices.Clone(b.lines["container:"+name])
		b.mu.Unlock()
		if slices.Contains(lines, line) {
			return lines
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not say %q; it said %q, and is %s: %v", name, line, lines, b.all[name].service.State(), b.all[name].trouble())
		}
	}
}

// begins starts a container, and fails the test where that is not to be.
func (b *box) begins(t *testing.T, name string) {
	t.Helper()
	if err := b.begin(t.Context(), b.all[name]); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
}

// mountDisk mounts an ext4 of the test's own.
func mountDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file, at := filepath.Join(dir, "disk"), filepath.Join(dir, "srv")
	if err := errors.Join(os.Mkdir(at, 0o755), os.WriteFile(file, nil, 0o600), os.Truncate(file, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(needed.Program(t, "mke2fs"), "-q", "-t", "ext4", file).CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	if err := unix.Mount(needed.Loop(t, file), at, "ext4", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		await(t, "the end of all that uses "+at, func() bool { return unix.Unmount(at, 0) == nil }) // loop devices go a moment after their last user
	})
	return at
}

func await(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !yes(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waiting for %s", what)
		}
	}
}
