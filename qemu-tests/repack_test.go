package qemu_tests

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/repack"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// What "imgbuild repack" adds to an initramfs is there when it boots, and takes the place of what was
// there: a program, and a service that runs it.
func TestRepacked(t *testing.T) {
	t.Parallel()
	a := extended(t, "[kernel]\npackage = \"linux-image-cloud-amd64\"\n", map[string]string{})
	if full() {
		// What was packed by lzop is read, and written as zstd. Packing well takes its time.
		packed := filepath.Join(t.TempDir(), "initrd.lzo")
		if out, err := exec.Command(needed.Program(t, "lzop"), "-9", "-o", packed, a.options.Initrd).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		a.options.Initrd = packed
	}
	m, err := image.Open(a.options.Initrd)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	overlay := t.TempDir()
	put := func(path string, mode os.FileMode, body []byte) {
		at := filepath.Join(overlay, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, body, mode)); err != nil {
			t.Fatal(err)
		}
	}
	var d spec.Description
	d.Machine = a.profile.Machine
	d.Service = map[string]spec.Service{"added": {Command: []string{"/usr/bin/added"}, User: "root", Restart: spec.RestartNever}}
	machine, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	put(spec.Path, 0o600, machine)
	put("usr/bin/added", 0o755, []byte("#!/bin/bash\necho added later\n"))
	a.options.Initrd = filepath.Join(t.TempDir(), "initrd")
	out, err := os.Create(a.options.Initrd)
	if err != nil {
		t.Fatal(err)
	}
	packing, err := repack.Initramfs(t.Context(), out, m, overlay, os.DirFS(overlay))
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	if want := (repack.Packing{Was: cpio.LZO, Is: cpio.Zstd}); full() && packing != want {
		t.Errorf("packed %+v, want %+v", packing, want)
	}
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	vm.Close()
	// QEMU's own loader hands on as long a line as the kernel takes.
	pad := strings.Repeat("x", spec.MaxKernelLine-len(vm.Config.Append)-1)
	a.options.Append = []string{pad + "x"}
	if _, err := boot.Prepare(t.Context(), a.options); err == nil {
		t.Error("a longer one is accepted")
	}
	a.options.Append = []string{pad}
	g := a.boots(t)
	if line := inside(t, g, "cat /proc/cmdline"); len(line) != spec.MaxKernelLine || !strings.HasPrefix(line, a.options.Cmdline+" "+pad+" ") {
		t.Errorf("the kernel was given %d characters: %q", len(line), line)
	}
	until(t, g, "the added service", func(s *report.State) bool { return isBooted(s) && s.Units["service:added"].State == "ok" })
	says(t, g, "added", "added: added later")
	off(t, g)
}
