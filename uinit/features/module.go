package features

import "github.com/imgbuild/imgbuild/uinit/module"

func init() { add(module.Linked) }
