package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/profiles"
)

// fullDiskEnv carries the profile to the copy of this test that runs in a mount
// namespace of its own, with a file system too small for the artifacts.
const fullDiskEnv = "IMGBUILD_TEST_FULL_DISK"

func TestFullDiskKeepsEarlierArtifacts(t *testing.T) {
	dir, p := buildtest.World(t, "")
	if _, err := env(t, shared).Build(t.Context(), p, filepath.Join(dir, "warm"), Options{}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^$")
	cmd.Env = append(os.Environ(), fullDiskEnv+"="+dir, "IMGBUILD_CACHE="+shared)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	text, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("this machine lets nobody make user namespaces:", err)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// onFullDisk builds into a file system with 64 KiB left. It reports on standard
// error and by its exit code.
func onFullDisk() int {
	dir := os.Getenv(fullDiskEnv)
	out := filepath.Join(dir, "small")
	fail := func(format string, args ...any) int {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
		return 1
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		return fail("%v", err)
	}
	if err := syscall.Mount("none", out, "tmpfs", 0, "size=64k"); err != nil {
		return fail("mounting a small file system: %v", err)
	}
	if err := os.WriteFile(filepath.Join(out, "box-kernel"), []byte("earlier"), 0o644); err != nil {
		return fail("%v", err)
	}
	p, _, err := profile.Load(filepath.Join(dir, "box.toml"), profile.Find(profiles.FS))
	if err != nil {
		return fail("%v", err)
	}
	e, err := NewEnv("", progress.Discard)
	if err != nil {
		return fail("%v", err)
	}
	_, err = e.Build(context.Background(), p, out, Options{})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "box-kernel") {
		return fail("building on a full disk: got %v, want ENOSPC that names the file", err)
	}
	if text, err := os.ReadFile(filepath.Join(out, "box-kernel")); err != nil || string(text) != "earlier" {
		return fail("the earlier artifact is %q, %v", text, err)
	}
	left, err := os.ReadDir(out)
	if err != nil || len(left) != 1 {
		return fail("%v was left on the full disk", left)
	}
	return 0
}
