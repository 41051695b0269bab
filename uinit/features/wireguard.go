//go:build !nowireguard

package features

import "github.com/imgbuild/imgbuild/uinit/wireguard"

func init() { add(wireguard.Linked) }
