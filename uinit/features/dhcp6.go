//go:build !nodhcp6

package features

import "github.com/imgbuild/imgbuild/uinit/link"

func init() { dhcp6 = link.DHCP6 }
