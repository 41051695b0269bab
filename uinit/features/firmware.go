package features

import "github.com/imgbuild/imgbuild/uinit/firmware"

func init() { add(firmware.Linked) }
