package features

import "github.com/imgbuild/imgbuild/uinit/sysctl"

func init() { add(sysctl.Linked) }
