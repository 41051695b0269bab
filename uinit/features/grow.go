//go:build !nogrow

package features

import "github.com/imgbuild/imgbuild/uinit/grow"

func init() { add(grow.Linked) }
