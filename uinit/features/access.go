package features

import "github.com/imgbuild/imgbuild/uinit/access"

func init() { add(access.Linked) }
