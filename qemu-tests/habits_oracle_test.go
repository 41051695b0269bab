package qemu_tests

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build"
	laid "github.com/imgbuild/imgbuild/build/unpacked"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// oraclePackages are Debian's own of what people type.
var oraclePackages = []string{
	"bash", "bc", "bsdextrautils", "bzip2", "coreutils", "cpio", "dash", "diffutils", "findutils", "grep", "gzip", "hostname", "iproute2", "mawk", "mount",
	"patch", "procps", "sed", "tar", "util-linux", "xxd", "xz-utils",
}

// debian makes a disk with those of Debian's programs that the lines of habits name, as a system of its own.
func debian(t *testing.T, lines []habit) (file string) {
	t.Helper()
	e, err := build.NewEnv("", progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	packages, err := e.Apt.Resolve(t.Context(), oraclePackages)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Apt.Fetch(t.Context(), packages); err != nil {
		t.Fatal(err)
	}
	trees, err := e.Apt.UnpackAll(t.Context(), packages)
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"bash", "sh", "mawk", "cat", "id", "mkdir"} // and what scripts among them call
	for _, h := range lines {
		words = append(words, strings.FieldsFunc(h.line, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_", r) })...)
	}
	var wants []string
	for _, tree := range trees {
		for _, f := range tree.Files {
			if dir := path.Dir(f.Path); (dir == "usr/bin" || dir == "usr/sbin") && slices.Contains(words, path.Base(f.Path)) {
				wants = append(wants, "/"+f.Path)
			}
		}
	}
	file = filepath.Join(t.TempDir(), "oracle")
	err = laid.With(t.Context(), e.Apt, packages, wants, func(root string) error {
		for _, dir := range []string{"dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp"} {
			if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
				return err
			}
		}
		if err := os.Symlink("mawk", filepath.Join(root, "usr/bin/awk")); err != nil {
			return err
		}
		if err := relink(root); err != nil {
			return err
		}
		return pack(t.Context(), t, root, file)
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// relink has links of a laid out system, which lead to where it lies, lead within it.
func relink(root string) error {
	return filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.Type() != fs.ModeSymlink {
			return err
		}
		target, err := os.Readlink(at)
		within, ok := strings.CutPrefix(target, root)
		if err != nil || !ok {
			return err
		}
		return errors.Join(os.Remove(at), os.Symlink(within, at))
	})
}

// pack makes a file system of a folder, all of it root's.
func pack(ctx context.Context, t *testing.T, root, file string) error {
	out, err := exec.CommandContext(ctx, needed.Program(t, "mksquashfs"), root, file, "-all-root", "-noappend", "-comp", "gzip", "-no-xattrs", "-quiet", "-no-progress").CombinedOutput()
	if err != nil {
		t.Logf("mksquashfs: %s", out)
	}
	return err
}
