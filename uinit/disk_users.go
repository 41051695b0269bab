//go:build !nodisk

package main

import (
	"io/fs"
	"os"

	"github.com/imgbuild/imgbuild/internal/holder"
)

// diskUsers returns what tells who uses a device, or a partition of it, by the kernel's name.
func diskUsers(sys fs.FS) (func(device string) []string, error) {
	table, err := holder.Read(sys, os.DirFS("/proc"))
	if err != nil {
		return nil, err
	}
	return func(device string) []string { return holder.Words(table.Of(device)) }, nil
}
