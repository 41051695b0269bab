package features

import "github.com/imgbuild/imgbuild/uinit/crash"

func init() { add(crash.Linked) }
