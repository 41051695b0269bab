package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/qemu-tests/escapist/answers"
)

// hostile is a layer with the escapist, and what else an image may have in it.
func hostile(t *testing.T, more ...tar.Header) spec.ImageLayer {
	t.Helper()
	file := filepath.Join(t.TempDir(), "escapist")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "../../qemu-tests/escapist")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, h := range append([]tar.Header{{Name: "", Typeflag: tar.TypeDir, Mode: 0o755}, {Name: "bin/", Typeflag: tar.TypeDir, Mode: 0o755}, {Name: "bin/escapist", Mode: 0o755, Size: int64(len(program))}}, more...) {
		h.Name, h.Uid, h.Gid = "root/"+h.Name, int(first), int(first)
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write(program); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed(t, &archive)
}

// No way that is known leads out of a container, whoever is in it.
func TestEscapes(t *testing.T) {
	if !nettest.Within(t, 2*time.Minute, unix.CLONE_NEWNS) {
		return
	}
	disk := mountDisk(t)
	if err := errors.Join(os.MkdirAll(disk+"/shown", 0o755), os.MkdirAll(disk+"/data", 0o777)); err != nil {
		t.Fatal(err)
	}
	row := spec.Container{Command: []string{"/bin/sh", "-c", "/bin/escapist > /data/$(hostname); exec sleep 1000"}, Tmpfs: map[string]spec.Size{"/tmp": 8 << 20}, Restart: spec.RestartNever,
		Volume: map[string]spec.ContainerVolume{"/shown": {Path: disk + "/shown", ReadOnly: true}, "/data": {Path: disk + "/data"}}}
	system := row
	system.System = true
	b := boot(t, map[string]spec.Container{"root": row, "user": row, "system": system})
	b.Machine.Now().Mount = map[string]spec.Mount{disk: {Type: "ext4"}}
	layer := hostile(t)
	for _, one := range b.all {
		one.image.Layers = append(one.image.Layers, layer)
	}
	b.all["user"].image.UID, b.all["user"].image.GID = 1000, 1000
	if _, err := b.all["system"].terminal.Listen(consoleSocket("system")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(disk+"/data", 0o777); err != nil {
		t.Fatal(err)
	}
	for who, name := range []string{answers.Root: "root", answers.User: "user", answers.System: "system"} {
		b.begins(t, name)
		for _, wrong := range answers.Compare(who, tried(t, filepath.Join(disk, "data", name))) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	whose(t, "one of them", os.DevNull)
}

// tried waits for what the escapist writes into a file.
func tried(t *testing.T, file string) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		b, _ := os.ReadFile(file)
		if strings.HasSuffix(string(b), "tried\n") {
			return string(b)
		}
		if time.Now().After(end) {
			t.Fatalf("the escapist still tries: %s", b)
		}
	}
}
