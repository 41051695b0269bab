//go:build !nocontainer

package features

import "github.com/imgbuild/imgbuild/uinit/container"

func init() { add(container.Linked) }
