package link

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A host asks so often, and waits so long for an answer each time (RFC 4861, section 10).
const (
	solicitations        = 3
	solicitationInterval = 4 * time.Second
)

// roam asks for routers where a cable is back: at its other end there may be another network. The kernel asks when
// an interface comes up, and not again after that.
func (w *work) roam(name string, a *active) {
	n, ok := w.state.nic(a.nic)
	if !ok || !n.Up {
		a.attached, a.detached = false, false // the kernel will ask
		return
	}
	if n.Carrier && a.detached && !w.byHand[name] && w.rows[name].HearsRouters() {
		if a.stopSoliciting != nil {
			a.stopSoliciting()
		}
		var ctx context.Context
		ctx, a.stopSoliciting = context.WithCancel(w.ctx)
		go func() { _ = w.solicit(ctx, n.Index, name) }() // whoever waits for a router names it as missing
	}
	a.detached = !n.Carrier && (a.attached || a.detached)
	a.attached = n.Carrier
}

// solicit sends router solicitations until a router advertises itself (RFC 4861, section 6.3.7), at most three.
func solicit(ctx context.Context, index int, name string) error {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_ICMPV6)
	if err != nil {
		return fmt.Errorf("soliciting routers on %s: %w", name, err)
	}
	socket := os.NewFile(uintptr(fd), "icmpv6:"+name)
	defer socket.Close()
	stop := context.AfterFunc(ctx, func() { _ = socket.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	const routerSolicitation, routerAdvertisement = 133, 134
	filter := unix.ICMPv6Filter{}
	for i := range filter.Data {
		filter.Data[i] = ^uint32(0)
	}
	filter.Data[routerAdvertisement/32] &^= 1 << (routerAdvertisement % 32) // a set bit blocks (RFC 3542, section 3.2)
	if err := unix.SetsockoptICMPv6Filter(fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &filter); err != nil {
		return fmt.Errorf("soliciting routers on %s: %w", name, err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255); err != nil {
		return fmt.Errorf("soliciting routers on %s: %w", name, err)
	}
	if err := unix.BindToDevice(fd, name); err != nil {
		return fmt.Errorf("soliciting routers on %s: %w", name, err)
	}
	routers := &unix.SockaddrInet6{ZoneId: uint32(index), Addr: [16]byte{0xff, 0x02, 15: 2}}
	answer := make([]byte, 1)
	for range solicitations {
		// An address that is tentative again loses this one; the next may pass. The kernel fills in the checksum.
		_ = unix.Sendto(fd, []byte{routerSolicitation, 0, 0, 0, 0, 0, 0, 0}, 0, routers)
		_ = socket.SetReadDeadline(time.Now().Add(solicitationInterval))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := socket.Read(answer); err == nil {
			return nil
		}
	}
	return fmt.Errorf("soliciting routers on %s: no answer to %d", name, solicitations)
}
