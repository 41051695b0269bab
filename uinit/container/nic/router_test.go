package nic

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// What routers say is believed where the profile says so, and Attach waits for it.
func TestRouters(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	guest := neighbour(t, "br0", "guest", "52:54:00:00:00:09", "fe80::1/64", "2001:db8:7::1/64")
	router := listen(t, guest)
	go func() {
		for b := make([]byte, 256); ; {
			n, _, err := unix.Recvfrom(router.fd, b, 0)
			if err != nil {
				return
			}
			if n > 0 && b[0] == 133 { // a solicitation (RFC 4861, section 4.1)
				router.advertise()
			}
		}
	}()
	deaf, hears := nettest.Space(t), nettest.Space(t)
	silent, _, err := start(t, deaf, "deaf", map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", Addresses: prefixes("2001:db8:7::5/64")}})
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := start(t, hears, "web", map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", RA: true}})
	if err != nil {
		t.Fatal(err)
	}
	if h.text() != "" {
		t.Errorf("it was said: %s", h.text())
	}
	ns := inside(t, hears)
	nettest.Serve(t, guest.Do, "tcp", "[2001:db8:7::1]:80", "hello")
	if word, err := nettest.Ask(ns.Do, "tcp", "[2001:db8:7::1]:80", 5*time.Second); !strings.HasPrefix(word, "hello to ") || err != nil {
		t.Errorf("the router answers %q, %v", word, err)
	}
	if r, err := ns.RouteGet(net.ParseIP("2001:db8:ffff::1")); err != nil || len(r) != 1 || !r[0].Gw.Equal(net.ParseIP("fe80::1")) {
		t.Errorf("the way to strangers is %v, %v", r, err)
	}
	silent.until(t, "eth0", func(all []netip.Prefix) bool {
		for _, p := range all {
			if !p.Addr().IsLinkLocalUnicast() && p != netip.MustParsePrefix("2001:db8:7::5/64") {
				t.Errorf("one that asks no router has taken %v", p)
			}
		}
		return has("2001:db8:7::5/64")(all)
	})
	if r, err := inside(t, deaf).RouteGet(net.ParseIP("2001:db8:ffff::1")); err == nil {
		t.Errorf("one that asks no router has a way to strangers: %v", r)
	}
}

// advertiser speaks as a router.
type advertiser struct {
	t     *testing.T
	fd    int
	index int
}

func listen(t *testing.T, ns *netns.Namespace) advertiser {
	t.Helper()
	eth0, err := ns.LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	a := advertiser{t: t, index: eth0.Attrs().Index}
	err = ns.Do(func() (err error) {
		if a.fd, err = unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMPV6); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(a.fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255); err != nil {
			return err
		}
		return unix.SetsockoptIPv6Mreq(a.fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, &unix.IPv6Mreq{Multiaddr: netip.MustParseAddr("ff02::2").As16(), Interface: uint32(a.index)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// advertise sends a router advertisement with a prefix (RFC 4861, sections 4.2 and 4.6.2).
func (a advertiser) advertise() {
	b := []byte{134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 64, 0xc0}
	b = binary.BigEndian.AppendUint32(b, 3600)
	b = binary.BigEndian.AppendUint32(b, 3600)
	b = append(append(b, 0, 0, 0, 0), netip.MustParseAddr("2001:db8:7::").AsSlice()...)
	from := unix.PktInfo6(&unix.Inet6Pktinfo{Addr: netip.MustParseAddr("fe80::1").As16(), Ifindex: uint32(a.index)})
	if err := unix.Sendmsg(a.fd, b, from, &unix.SockaddrInet6{ZoneId: uint32(a.index), Addr: netip.MustParseAddr("ff02::1").As16()}, 0); err != nil {
		a.t.Error(err)
	}
}
