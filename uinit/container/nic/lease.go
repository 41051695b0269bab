package nic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/arp"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// retryDHCP is how long a client whose socket broke waits for another try.
const retryDHCP = time.Second

// askDHCP keeps a lease until the container ends. Name servers and domains are of no interest: the container asks the machine's.
func (n *card) askDHCP() {
	client := dhcp.New(n.name, n.mac)
	client.Hostname, client.Warn = func() string { return n.Name }, n.Say
	n.client = client
	n.work.Go(func() {
		u := &using{card: n}
		defer u.leave()
		said := ""
		for n.ctx.Err() == nil {
			// All of it in the container's network: renewals go by sockets of their own.
			err := n.ns.Do(func() error {
				socket, err := dhcp.Open(n.index, n.name)
				if err != nil {
					return err
				}
				defer socket.Close()
				return client.Run(n.ctx, socket, u.lease, u.changed)
			})
			if err != nil && err.Error() != said {
				said = err.Error()
				u.report(fmt.Errorf("asking by DHCP: %w", err))
			}
			select {
			case <-n.ctx.Done():
			case <-time.After(retryDHCP):
			}
		}
	})
}

// using is what a client's goroutine knows of the lease that is in use.
type using struct {
	*card
	lease *dhcp.Lease
	// unguard ends the defence of its address.
	unguard context.CancelFunc
}

// changed takes what the client has to say: a lease, or its end. An address that is another one is asked for before it is used.
func (u *using) changed(l *dhcp.Lease) {
	if l == nil {
		u.drop()
		return
	}
	if u.lease != nil && u.lease.Address == l.Address {
		u.report(u.put(l))
		u.lease = l
		return
	}
	u.drop()
	ctx, cancel := context.WithCancel(u.ctx)
	address := l.Address.Addr()
	decline := func(who net.HardwareAddr) { u.client.Decline(address, who) }
	err := u.guard(ctx, address, func() error { return u.put(l) }, func(v arp.Verdict, who net.HardwareAddr) {
		if v == arp.Taken {
			decline(who)
		}
	})
	if taken := (*TakenError)(nil); errors.As(err, &taken) {
		cancel()
		decline(taken.Who)
		return
	}
	u.lease, u.unguard = l, cancel
	u.report(err)
}

// put has the kernel use a lease: the address for as long as it is good, whatever becomes of us, and its routes in place of the last ones.
func (u *using) put(l *dhcp.Lease) error {
	left := max(time.Until(l.Expires()), time.Second)
	address := &netlink.Addr{IPNet: ipNet(l.Address), ValidLft: int(left / time.Second), PreferedLft: int(left / time.Second)}
	if err := u.ns.AddrReplace(u.device(), address); err != nil {
		return fmt.Errorf("using address %v: %w", l.Address, err)
	}
	old, now := u.routes(u.lease), u.routes(l)
	var failed []error
	for i, r := range now {
		if err := u.ns.RouteReplace(r); err != nil {
			failed = append(failed, fmt.Errorf("using route %v: %w", l.Routes[i].Dst, err))
		}
	}
	for _, r := range old {
		if !contains(now, r) {
			failed = append(failed, u.unroute(r))
		}
	}
	u.leased.Store(true)
	u.signal()
	return errors.Join(failed...)
}

// drop ends the use of a lease.
func (u *using) drop() {
	if u.lease == nil {
		return
	}
	u.unguard()
	for _, r := range u.routes(u.lease) {
		u.report(u.unroute(r))
	}
	// The kernel may have taken it away already.
	if err := u.ns.AddrDel(u.device(), &netlink.Addr{IPNet: ipNet(u.lease.Address)}); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) && !errors.Is(err, unix.ENODEV) {
		u.report(fmt.Errorf("giving up address %v: %w", u.lease.Address, err))
	}
	u.leased.Store(false)
	u.lease = nil
}

// leave ends the defence of an address; it stays.
func (u *using) leave() {
	if u.unguard != nil {
		u.unguard()
	}
}

// report says what went wrong while the container ran.
func (u *using) report(err error) {
	if err != nil && u.ctx.Err() == nil {
		u.Say(fmt.Sprintf("interface %s: %v", u.name, err))
	}
}
