package nic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nlattr"
)

// A bridge with a spanning tree, or with a delay, passes nothing on from a new port for twice the delay, which is 30 seconds at most
// (BR_MAX_FORWARD_DELAY in net/bridge/br_private_stp.h). portAgain is how often a port is looked at, and upAfter how long the kernel may
// take to see that it is up.
const (
	longestDelay = 2*30*time.Second + upAfter
	upAfter      = 2 * time.Second
	portAgain    = 50 * time.Millisecond
)

// passed waits until the bridge passes on what comes from the container: before that nobody would hear who is asked for an address. A port
// that a spanning tree blocks stays so.
func (n *card) passed() error {
	ctx, cancel := context.WithTimeout(n.ctx, longestDelay)
	defer cancel()
	for begun := time.Now(); ; {
		state, err := portState(n.here)
		if err != nil {
			return fmt.Errorf("reading whether %s passes it on: %w", n.row.Bridge, err)
		}
		if state == forwarding || state == blocking || state == disabled && time.Since(begun) > upAfter {
			return nil
		}
		select {
		case <-n.ctx.Done():
			return n.ctx.Err()
		case <-ctx.Done():
			return nil
		case <-time.After(portAgain):
		}
	}
}

// States of a bridge's port (BR_STATE_* in include/uapi/linux/if_bridge.h).
const (
	disabled   = 0 // it is down, or the bridge is
	forwarding = 3
	blocking   = 4
)

// portState is that of the interface of an index, which is a bridge's port.
func portState(index int) (state byte, err error) {
	req := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	req.AddData(nl.NewIfInfomsg(unix.AF_BRIDGE))
	messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) { // which is read again soon
		return 0, err
	}
	for _, m := range messages {
		if len(m) < unix.SizeofIfInfomsg || int(nl.DeserializeIfInfomsg(m).Index) != index {
			continue
		}
		err = nlattr.Each(m[unix.SizeofIfInfomsg:], func(kind uint16, b []byte) error {
			if kind != unix.IFLA_PROTINFO {
				return nil
			}
			return nlattr.Each(b, func(kind uint16, b []byte) error {
				if kind == nl.IFLA_BRPORT_STATE && len(b) > 0 {
					state = b[0]
				}
				return nil
			})
		})
		if err != nil {
			return 0, err
		}
	}
	return state, nil
}
