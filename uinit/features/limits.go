package features

import "github.com/imgbuild/imgbuild/uinit/limits"

func init() { add(limits.Linked) }
