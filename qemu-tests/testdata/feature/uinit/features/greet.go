//go:build !nogreet

package features

import "github.com/imgbuild/imgbuild/uinit/greet"

func init() { add(greet.Linked) }
