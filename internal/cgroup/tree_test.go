package cgroup

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/sys/mountinfo"
)

// kernel makes a control group of the test's own in the kernel's tree, and takes it away with all in it.
func kernel(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can make control groups")
	}
	mounts, err := mountinfo.GetMounts(mountinfo.FSTypeFilter("cgroup2"))
	if err != nil {
		t.Fatal(err)
	}
	if len(mounts) == 0 {
		t.Skip("no cgroup2 is mounted here")
	}
	dir, err := os.MkdirTemp(mounts[0].Mountpoint, "imgbuild-test-")
	if err != nil {
		t.Skipf("no control groups to be had: %v", err)
	}
	t.Cleanup(func() {
		Kill(dir)
		var dirs []string
		_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		for _, d := range slices.Backward(dirs) {
			await(t, "the end of "+d, func() bool { return os.Remove(d) == nil })
		}
	})
	return dir
}

// The tree in the kernel: made twice it is the same, and who enters is in, with what he starts.
func TestTree(t *testing.T) {
	dir := kernel(t)
	s := Share(Machine{Memory: 400 << 20, Tasks: 4000})
	_, err := Make(dir, s)
	tree, again := Make(dir, s)
	if controllers := read(dir, "cgroup.controllers"); !strings.Contains(controllers, "pids") || !strings.Contains(controllers, "memory") {
		// Where another version of control groups has them, there are groups and no limits.
		if err == nil || again == nil {
			t.Error("limits that can't be set are said to hold")
		}
	} else if err != nil || again != nil {
		t.Fatal(err, again)
	}
	ann, _ := tree.Add(Session("ann", 1000), s.User, Limits{})
	if ann != filepath.Join(dir, "work/users/ann") {
		t.Fatalf("the group is %q", ann)
	}
	group, err := os.Open(ann)
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	cmd := exec.Command("/bin/sh", "-c", "sleep 1000 & setsid sleep 1000 & wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd())}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "three processes in the group", func() bool { return len(strings.Fields(read(ann, "cgroup.procs"))) == 3 })
	Kill(ann)
	_ = cmd.Wait()
	await(t, "their end", func() bool { return read(ann, "cgroup.procs") == "" })

	// A process that moves itself, into a group that is not there yet.
	if inside := os.Getenv("ENTER"); inside != "" {
		panic("BUG: the child runs another test")
	}
	self := exec.Command("/proc/self/exe", "-test.run=^TestEnterChild$", "-test.v")
	self.Env = append(os.Environ(), "ENTER="+dir)
	if out, err := self.CombinedOutput(); err != nil || !strings.Contains(string(out), "work/users/bob\n") {
		t.Errorf("entering: %v\n%s", err, out)
	}
}

// TestEnterChild is a part of TestTree, in a process of its own.
func TestEnterChild(t *testing.T) {
	dir := os.Getenv("ENTER")
	if dir == "" {
		t.Skip("runs within TestTree")
	}
	if err := enter(dir, "bob", 1001); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", b)
}

func TestWithoutGroups(t *testing.T) {
	dir := t.TempDir()
	tree, err := Make(dir, Share(Machine{Memory: 1 << 30, Tasks: 1000}))
	if err != nil || tree != (Tree{}) {
		t.Errorf("a directory without control groups: %+v, %v", tree, err)
	}
	if d, err := tree.Add(Service("a"), Limits{Memory: 1}, Limits{}); d != "" || err != nil {
		t.Errorf("%q, %v", d, err)
	}
	if err := enter(dir, "ann", 1000); err != nil {
		t.Error(err)
	}
	if tree.Usage() != nil || tree.Room(7) != 7 {
		t.Error("no groups have figures")
	}
	if err := tree.Watch(t.Context(), 0, nil); err != nil {
		t.Error(err)
	}
}
