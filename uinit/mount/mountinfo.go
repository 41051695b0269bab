package mount

import (
	"fmt"
	"os"

	"github.com/moby/sys/mountinfo"
)

// Table is what is mounted, in the order of mounting.
type Table []*mountinfo.Info

// Mounts reads what is mounted in this process' namespace (proc_pid_mountinfo(5)).
func Mounts() (Table, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	defer f.Close()
	table, err := mountinfo.GetMountsFromReader(f, nil)
	if err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	return table, nil
}

// At returns the topmost mount at a path, or nil.
func (t Table) At(target string) *mountinfo.Info {
	for i := len(t) - 1; i >= 0; i-- {
		// The first file system of all lies under whatever was put at / later, and is none of ours.
		if t[i].Mountpoint == target && t[i].FSType != "rootfs" {
			return t[i]
		}
	}
	return nil
}
