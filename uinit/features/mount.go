package features

import "github.com/imgbuild/imgbuild/uinit/mount"

func init() { add(mount.Linked) }
