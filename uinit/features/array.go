//go:build !noarray

package features

import "github.com/imgbuild/imgbuild/uinit/array"

func init() { add(array.Linked) }
