package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Watch brings rules of containers back that somebody else has removed, until ctx ends: files of nft(8)'s begin with "flush ruleset", and
// without these rules links would forward for anybody. What happens is told to say.
func (n *Network) Watch(ctx context.Context, say func(line string)) error {
	socket, err := nl.Subscribe(unix.NETLINK_NETFILTER, unix.NFNLGRP_NFTABLES)
	if err != nil {
		return fmt.Errorf("watching rules of containers: %w", err)
	}
	context.AfterFunc(ctx, socket.Close)
	go func() {
		for {
			if _, _, err := socket.Receive(); gone(err) {
				return
			}
			again, err := n.restore(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				say(err.Error())
			case again:
				say("somebody has removed rules of containers; they are in force again")
			}
		}
	}()
	return nil
}

// restore loads the rules of all containers where any are missing, and says whether it did.
func (n *Network) restore(ctx context.Context) (again bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.containers) == 0 {
		return false, nil
	}
	there, guarded, err := left()
	if err != nil {
		return false, err
	}
	m := n.machine()
	var text strings.Builder
	if !guarded {
		text.WriteString(guard(m))
	}
	for name, address := range n.containers {
		if !slices.Contains(there, name) {
			text.WriteString(rules(name, m.Container[name], address))
		}
	}
	if text.Len() == 0 {
		return false, nil
	}
	err = load(ctx, text.String())
	if err == nil && !guarded {
		n.guarded = Opened(m)
	}
	return true, err
}
