package link

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// watch signals each time that something about interfaces, addresses or routes has changed, until ctx
// ends. What it was is to be observed: messages can be lost when many come at once, which is a signal too.
func watch(ctx context.Context) (<-chan struct{}, error) {
	changes := make(chan struct{}, 1)
	err := follow(ctx, func([]syscall.NetlinkMessage) {
		select {
		case changes <- struct{}{}:
		default:
		}
	}, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
		unix.RTNLGRP_IPV6_IFINFO, unix.RTNLGRP_IPV4_NETCONF, unix.RTNLGRP_IPV6_NETCONF)
	if err != nil {
		return nil, fmt.Errorf("watching network interfaces: %w", err)
	}
	return changes, nil
}

// follow hands what the kernel tells groups of rtnetlink(7) to see, until ctx ends: the messages, or none where some were lost.
func follow(ctx context.Context, see func([]syscall.NetlinkMessage), groups ...uint) error {
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE, groups...)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, socket.Close)
	go func() {
		for {
			messages, _, err := socket.Receive()
			// Too many came at once, or one that is longer than the library reads.
			if err != nil && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINVAL) {
				return
			}
			see(messages)
		}
	}()
	return nil
}
