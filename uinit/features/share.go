//go:build !noshare

package features

import "github.com/imgbuild/imgbuild/uinit/share"

func init() { add(share.Linked) }
