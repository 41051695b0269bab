package repack_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/repack"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// The tools of distributions read what was repacked as they read what was there before, and find all that is in it.
func TestToolsOfDistributions(t *testing.T) {
	for _, pack := range packers {
		for _, microcode := range []bool{false, true} {
			name := strings.Join(append(pack, map[bool]string{true: "microcode"}[microcode]), " ")
			t.Run(name, func(t *testing.T) {
				if (pack == nil || pack[0] == "lzop" || microcode && pack[0] != "gzip") && os.Getenv("IMGBUILD_TEST_FULL") == "" {
					t.Skip("starts two thousand programs: make test-full runs it")
				}
				early, vendors := parts(t, pack...)
				if microcode {
					vendors = append(early, vendors...)
				}
				var packed bytes.Buffer
				if _, err := repack.Initramfs(t.Context(), &packed, open(t, vendors), "site", overlay()); err != nil {
					t.Fatal(err)
				}
				before, after := stored(t, vendors), stored(t, packed.Bytes())
				t.Run("lsinitramfs", func(t *testing.T) { listed(t, before, after, microcode, "lsinitramfs", "-l") })
				t.Run("lsinitrd", func(t *testing.T) { listed(t, before, after, microcode, "lsinitrd") })
				t.Run("unmkinitramfs", func(t *testing.T) {
					dir := t.TempDir()
					// Of what is not compressed it makes an early archive.
					main := map[bool]string{true: "main"}[microcode]
					if pack == nil {
						main = map[bool]string{false: "early", true: "early2"}[microcode]
					}
					said(t, before, after, func(name string) *exec.Cmd {
						return exec.Command(needed.Program(t, "unmkinitramfs"), name, filepath.Join(dir, filepath.Base(filepath.Dir(name))))
					})
					unpacked(t, filepath.Join(dir, filepath.Base(filepath.Dir(after)), main))
				})
			})
		}
	}
}

// Nor does cpio(1), of an archive that is not compressed.
func TestCpioLists(t *testing.T) {
	_, vendors := parts(t)
	var packed bytes.Buffer
	if _, err := repack.Initramfs(t.Context(), &packed, open(t, vendors), "site", overlay()); err != nil {
		t.Fatal(err)
	}
	needed.Program(t, "cpio")
	listed(t, stored(t, vendors), stored(t, packed.Bytes()), false, "sh", "-c", `cpio --quiet -tv < "$0"`)
}

func stored(t *testing.T, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(name, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// said is what a tool says of what was repacked. It may complain only as it did of the original: some do of one that is not compressed.
func said(t *testing.T, before, after string, command func(string) *exec.Cmd) string {
	t.Helper()
	run := func(name string) (stdout, complaint string) {
		var out, complaints bytes.Buffer
		cmd := command(name)
		cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil {
			complaints.WriteString(err.Error())
		}
		return out.String(), complaints.String()
	}
	out, got := run(after)
	if got == "" {
		return out
	}
	if _, want := run(before); got != want {
		t.Errorf("of what was repacked it says %q, of the original %q", got, want)
	}
	return out
}

// listed looks for the files in what a tool lists: those of the original in their order, and those that were added.
func listed(t *testing.T, before, after string, microcode bool, tool string, args ...string) {
	t.Helper()
	program := tool
	if tool != "sh" {
		program = needed.Program(t, tool)
	}
	out := said(t, before, after, func(name string) *exec.Cmd { return exec.Command(program, append(args, name)...) })
	modes := map[string]string{}
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		at := slices.IndexFunc(words, func(w string) bool { return w == "->" })
		if at < 0 {
			at = len(words)
		}
		if len(words) > 5 && at > 0 {
			if path := words[at-1]; modes[path] != "" && path != "." && path != "kernel" && path != "etc" {
				t.Errorf("%s is there twice", path)
			}
			modes[words[at-1]] = words[0] + " " + words[1]
		}
	}
	want := map[string]string{"init": "-rwxr-xr-x 1", "bin/busybox": "-rwxr-xr-x 1", "bin/ls": "-rwxr-xr-x 1", "bin/sh": "lrwxrwxrwx 1", "etc/passwd": "-rw------- 1",
		"scripts/local/hook": "-rwxr-xr-x 1", "usr/lib/libnew.so": "-rw-r--r-- 1", "usr/lib/libc.so": "-rwxr-xr-x 1", "var/new": "drwxr-xr-x 2", "lib": "lrwxrwxrwx 1"}
	if microcode {
		want["kernel/x86/microcode/GenuineIntel.bin"] = "-rwxr-xr-x 1"
	}
	for path, mode := range want {
		if modes[path] != mode {
			t.Errorf("%s is %q, want %q; all of it:\n%s", path, modes[path], mode, out)
		}
	}
}

func unpacked(t *testing.T, dir string) {
	t.Helper()
	for path, want := range map[string]string{"bin/ls": "not busybox", "bin/busybox": strings.Repeat("busybox ", 3000), "scripts/local/hook": "#!/bin/sh\necho hook\n",
		"usr/lib/libnew.so": "new library", "lib/libc.so": "libc", "etc/passwd": "root and more", "lib/modules/x.ko": "module"} {
		if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(got) != want {
			t.Errorf("%s is %.40q, %v", path, got, err)
		}
	}
	if target, err := os.Readlink(filepath.Join(dir, "bin/sh")); err != nil || target != "bash" {
		t.Errorf("bin/sh leads to %q, %v", target, err)
	}
}
