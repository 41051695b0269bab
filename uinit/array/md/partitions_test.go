package md

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// The kernel forgets a member's partitions, those in use excepted, and the disk stays as it is.
func TestDropPartitions(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("loop devices are root's")
	}
	file := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 8<<20)); err != nil {
		t.Fatal(err)
	}
	table := exec.Command("sfdisk", "--quiet", file)
	table.Stdin = strings.NewReader("label: gpt\nstart=2048,size=2048\nstart=4096,size=2048\n")
	if out, err := table.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v: %s", err, out)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	device := needed.Loop(t, file)
	if out, err := exec.Command("partx", "--add", device).CombinedOutput(); err != nil {
		t.Fatalf("partx: %v: %s", err, out)
	}
	sys, name := os.DirFS("/sys"), filepath.Base(device)
	all := []string{name + "p1", name + "p2"}
	if got := alone.Partitions(sys, name); !slices.Equal(got, all) {
		t.Fatalf("partitions %q", got)
	}
	for _, part := range all {
		if got := alone.Disk(sys, part); got != name {
			t.Errorf("%s lies on %q", part, got)
		}
	}
	if dropped, err := DropPartitions(sys, all[0]); len(dropped) > 0 || err != nil {
		t.Errorf("of a partition: %q, %v", dropped, err)
	}
	node := filepath.Join(t.TempDir(), "p1")
	var major, minor uint32
	if text, err := os.ReadFile("/sys/class/block/" + all[0] + "/dev"); err != nil {
		t.Fatal(err)
	} else if _, err := fmt.Sscanf(string(text), "%d:%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mknod(node, unix.S_IFBLK|0o600, int(unix.Mkdev(major, minor))); err != nil {
		t.Fatal(err)
	}
	used, err := os.Open(node)
	if err != nil {
		t.Skipf("block devices cannot be opened here: %v", err)
	}
	if dropped, err := DropPartitions(sys, name); !errors.Is(err, unix.EBUSY) || !slices.Equal(dropped, all[1:]) {
		t.Errorf("with one in use: %q, %v", dropped, err)
	}
	used.Close()
	if dropped, err := DropPartitions(sys, name); err != nil || !slices.Equal(dropped, all[:1]) {
		t.Errorf("then: %q, %v", dropped, err)
	}
	if dropped, err := DropPartitions(sys, name); err != nil || len(dropped) > 0 {
		t.Errorf("done twice: %q, %v", dropped, err)
	}
	if after, err := os.ReadFile(file); err != nil || !slices.Equal(after, before) {
		t.Errorf("the disk was written to, %v", err)
	}
}
