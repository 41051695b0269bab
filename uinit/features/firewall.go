//go:build !nofirewall

package features

import "github.com/imgbuild/imgbuild/uinit/firewall"

func init() { add(firewall.Linked) }
