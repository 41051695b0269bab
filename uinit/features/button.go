package features

import "github.com/imgbuild/imgbuild/uinit/button"

func init() { add(button.Linked) }
