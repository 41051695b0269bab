package features

import "github.com/imgbuild/imgbuild/uinit/console"

func init() { add(console.Linked) }
