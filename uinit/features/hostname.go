package features

import "github.com/imgbuild/imgbuild/uinit/hostname"

func init() { add(hostname.Linked) }
