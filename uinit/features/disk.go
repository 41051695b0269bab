//go:build !nodisk

package features

import "github.com/imgbuild/imgbuild/uinit/disk"

func init() { add(disk.Linked) }
