package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// dying is how long processes may take to be gone once they have been killed.
const dying = 5 * time.Second

// Clear ends every process in a group and takes away the groups below it. One that hands out controllers to groups of its own takes no
// process any more ("no internal processes" in the kernel's admin-guide/cgroup-v2.rst), and an init leaves such ones. The error says that
// processes are still there after 5 seconds, or what stays.
func Clear(dir string) error {
	if _, err := os.Stat(dir); dir == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	Kill(dir)
	for end := time.Now().Add(dying); Counter(dir, "cgroup.events", "populated") != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("clearing control group %s: its processes are still there after %v", dir, dying)
		}
	}
	var below []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && path != dir {
			below = append(below, path)
		}
		return err
	})
	for _, group := range slices.Backward(below) {
		err = errors.Join(err, os.Remove(group))
	}
	return err
}
