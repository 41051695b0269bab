// Package loopback brings up lo, in whichever network the caller lives.
package loopback

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// Up brings up lo. It must run before any use of package net, which otherwise believes for ever that there is no IPv6.
func Up() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("finding the loopback interface: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("bringing up the loopback interface: %w", err)
	}
	return nil
}
