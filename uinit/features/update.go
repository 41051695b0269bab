//go:build !noupdate

package features

import "github.com/imgbuild/imgbuild/uinit/update"

func init() {
	add(update.Linked)
	Crashed = update.Crashed
}
