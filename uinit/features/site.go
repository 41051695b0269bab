//go:build !nosite

package features

import "github.com/imgbuild/imgbuild/uinit/site"

func init() { add(site.Linked) }
