//go:build !nonflog

package features

import "github.com/imgbuild/imgbuild/uinit/nflog"

func init() { add(nflog.Linked) }
