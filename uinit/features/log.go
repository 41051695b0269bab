package features

import "github.com/imgbuild/imgbuild/uinit/log"

func init() { add(log.Linked) }
