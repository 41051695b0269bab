package features

import "github.com/imgbuild/imgbuild/uinit/time"

func init() { add(time.Linked) }
