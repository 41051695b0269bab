package features

import "github.com/imgbuild/imgbuild/uinit/entropy"

func init() { add(entropy.Linked) }
