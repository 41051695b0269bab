//go:build !novm

package features

import "github.com/imgbuild/imgbuild/uinit/vm"

func init() { add(vm.Linked) }
