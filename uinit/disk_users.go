//go:build !nodisk

package main

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// diskUsers are those who use a device or a partition of it: arrays, volumes, mounts, swap.
func diskUsers(sys fs.FS, d disk.Device) (users []string) {
	swaps, _ := os.ReadFile("/proc/swaps")
	table, _ := mount.Mounts()
	for _, d := range append([]disk.Device{d}, d.Partitions...) {
		holders, _ := fs.ReadDir(sys, path.Join("class/block", d.Name, "holders"))
		for _, h := range holders {
			users = append(users, h.Name())
		}
		for _, m := range table {
			if at, err := disk.At(sys, m.Source); err == nil && at.Name == d.Name {
				users = append(users, "mounted on "+m.Target)
			}
		}
		if strings.Contains(string(swaps), d.File()+" ") {
			users = append(users, "swap")
		}
	}
	return slices.Compact(users)
}
