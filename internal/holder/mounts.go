package holder

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// readMounts reads proc_pid_mountinfo(5).
func (t *Table) readMounts(proc fs.FS) error {
	f, err := proc.Open("self/mountinfo")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	all, err := mountinfo.GetMountsFromReader(f, nil)
	for _, m := range all {
		number, at := fmt.Sprintf("%d:%d", m.Major, m.Minor), mounted{m.Mountpoint, slices.Contains(strings.Split(m.VFSOptions, ","), "ro")}
		t.mounts[number] = append(t.mounts[number], at)
		if strings.HasPrefix(m.Source, "/") {
			t.mounts[m.Source] = append(t.mounts[m.Source], at)
		}
	}
	return err
}

// readSwaps reads proc_swaps(5); a kernel without swap has no such file.
func (t *Table) readSwaps(proc fs.FS) error {
	lines, err := lines(proc, "swaps")
	for _, line := range lines[min(1, len(lines)):] {
		if fields := strings.Fields(line); len(fields) > 0 {
			t.swaps = append(t.swaps, unescape(fields[0]))
		}
	}
	return err
}

// readBtrfs reads which devices a btrfs has (fs/btrfs/sysfs.c): of those that are mounted, mountinfo names one.
func (t *Table) readBtrfs() {
	all, _ := fs.ReadDir(t.sys, "fs/btrfs")
	for _, e := range all {
		devices, _ := fs.ReadDir(t.sys, path.Join("fs/btrfs", e.Name(), "devices"))
		var where []mounted
		for _, d := range devices {
			where = append(where, t.mounts[node(d.Name())]...)
		}
		for _, d := range devices {
			t.mounts[node(d.Name())] = slices.Clone(where)
		}
	}
}

// readLoops reads which file is behind each loop device (Documentation/ABI/testing/sysfs-block-loop).
func (t *Table) readLoops() {
	entries, _ := fs.ReadDir(t.sys, "block")
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "loop") {
			continue
		}
		if file := t.text("block", e.Name(), "loop/backing_file"); file != "" {
			t.loops = append(t.loops, backed{e.Name(), file})
		}
	}
}

func lines(tree fs.FS, name string) ([]string, error) {
	b, err := fs.ReadFile(tree, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return strings.Split(strings.TrimRight(string(b), "\n"), "\n"), nil
}

// unescape undoes how the kernel writes blanks: \040.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
