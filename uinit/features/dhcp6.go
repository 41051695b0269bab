//go:build !nodhcp6

package features

import (
	"net"

	client "github.com/imgbuild/imgbuild/uinit/dhcp6"
	"github.com/imgbuild/imgbuild/uinit/link"
)

func init() {
	dhcp6 = func(name string, mac net.HardwareAddr, hostname func() string, stateless bool, warn func(string)) link.Client6 {
		return client.NewOpening(name, mac, hostname, stateless, warn)
	}
}
