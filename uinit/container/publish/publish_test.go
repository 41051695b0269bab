package publish

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// Others reach published ports at the machine's addresses, and are seen as who they are; so does the machine itself. Everything is gone
// with the last container.
func TestPublished(t *testing.T) {
	s, within := build(t, map[string]spec.Container{
		"web": {Publish: []spec.PublishedPort{"8080:80", "53:53/udp"}}, "db": {Publish: []spec.PublishedPort{"192.0.2.1:81:80"}},
	})
	if !within {
		return
	}
	before := s.rest()
	web := s.start("web")
	s.start("db")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:8080", "web to 192.0.2.9")
	s.answers(s.wan.Do, "tcp", "198.51.100.1:8080", "web to 198.51.100.9")
	s.answers(s.wan.Do, "udp", "198.51.100.1:53", "web to 198.51.100.9")
	s.answers(here, "tcp", "192.0.2.1:8080", "web to 192.0.2.1")
	s.answers(here, "udp", "192.0.2.1:53", "web to 192.0.2.1")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:81", "db to 192.0.2.9")
	// One address is not all, a port that is not published is not, nor is the machine's 127.0.0.1.
	s.answers(s.wan.Do, "tcp", "198.51.100.1:81", "")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:80", "")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:53", "")
	nettest.Serve(t, here, "tcp", "127.0.0.1:8080", "own")
	s.answers(here, "tcp", "127.0.0.1:8080", "own to 127.0.0.1")
	// Nor are others' ports of the same number.
	nettest.Serve(t, s.lan.Do, "tcp", "192.0.2.9:8080", "lan")
	s.answers(here, "tcp", "192.0.2.9:8080", "lan to 192.0.2.1")
	if l, err := web.LinkByName("host0"); err != nil {
		t.Error(err)
	} else if all, err := web.AddrList(l, netlink.FAMILY_ALL); err != nil || len(all) != 1 || all[0].IPNet.String() != Address(s.m, "web").String()+"/32" {
		t.Errorf("it has %v, %v", all, err)
	}
	if l, err := netlink.LinkByName("web--host0"); err != nil {
		t.Error(err)
	} else if all, err := netlink.AddrList(l, netlink.FAMILY_ALL); err != nil || len(all) != 1 || all[0].IPNet.String() != "10.88.0.1/32" {
		t.Errorf("this machine has %v there, %v", all, err)
	}
	s.stop("web")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:8080", "")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:81", "db to 192.0.2.9")
	s.stop("db")
	if after := s.rest(); after != before {
		t.Errorf("after the last one there is\n%s\n-- before was\n%s", after, before)
	}
}

// A container that publishes ports opens no connection: not to others, not to this machine, not to other containers, neither by their
// addresses nor by their ports. With NAT it does to others, by this machine's address.
func TestOutwards(t *testing.T) {
	s, within := build(t, map[string]spec.Container{
		"still": {Publish: []spec.PublishedPort{"8080:80"}}, "nat": {NAT: true}, "other": {NAT: true, Publish: []spec.PublishedPort{"8081:80"}},
	})
	if !within {
		return
	}
	still, nat := s.start("still"), s.start("nat")
	s.start("other")
	nettest.Serve(t, s.lan.Do, "tcp", "192.0.2.9:80", "lan")
	nettest.Serve(t, s.lan.Do, "udp", "192.0.2.9:53", "lan")
	nettest.Serve(t, here, "tcp", ":22", "here")
	nettest.Serve(t, here, "udp", ":123", "here")
	s.answers(nat.Do, "tcp", "192.0.2.9:80", "lan to 192.0.2.1")
	s.answers(nat.Do, "udp", "192.0.2.9:53", "lan to 192.0.2.1")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:22", "here to 192.0.2.9")
	var all sync.WaitGroup // what does not come is waited for at a time
	nothing := func(from *netns.Namespace, network, at string) {
		all.Go(func() { s.answers(from.Do, network, at, "") })
	}
	for _, at := range []string{"192.0.2.1:22", hostAddress.String() + ":22", "198.51.100.1:22", Address(s.m, "other").String() + ":80", "192.0.2.1:8081", hostAddress.String() + ":8081"} {
		nothing(still, "tcp", at)
		nothing(nat, "tcp", at)
	}
	for _, at := range []string{"192.0.2.1:123", hostAddress.String() + ":123"} {
		nothing(still, "udp", at)
		nothing(nat, "udp", at)
	}
	nothing(still, "tcp", "192.0.2.9:80")
	nothing(still, "udp", "192.0.2.9:53")
	all.Wait()
	s.answers(s.lan.Do, "tcp", "192.0.2.1:8081", "other to 192.0.2.9")
}

// A container that takes another address, which one with rights over its network can, sends nothing by it.
func TestSpoofed(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"nat": {NAT: true}})
	if !within {
		return
	}
	ns := s.start("nat")
	host0, err := ns.LinkByName("host0")
	if err == nil {
		err = ns.AddrAdd(host0, address("203.0.113.5/32"))
	}
	// The machine has a way back to it, so that nothing but the rules is in the way.
	var port netlink.Link
	if err == nil {
		port, err = netlink.LinkByName("nat--host0")
	}
	if err == nil {
		err = netlink.RouteAdd(&netlink.Route{LinkIndex: port.Attrs().Index, Dst: address("203.0.113.5/32").IPNet, Scope: netlink.SCOPE_LINK})
	}
	if err != nil {
		t.Fatal(err)
	}
	var hears net.PacketConn
	err = s.lan.Do(func() (err error) {
		hears, err = net.ListenPacket("udp", "192.0.2.9:53")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer hears.Close()
	for _, from := range []string{"203.0.113.5", Address(s.m, "nat").String()} {
		err := ns.Do(func() error {
			conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 53})
			if err != nil {
				return err
			}
			defer conn.Close()
			_, err = conn.Write([]byte(from))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// What is sent first comes first.
	b := make([]byte, 100)
	if err := hears.SetReadDeadline(time.Now().Add(plenty)); err != nil {
		t.Fatal(err)
	}
	n, from, err := hears.ReadFrom(b)
	if err != nil || string(b[:n]) != Address(s.m, "nat").String() {
		t.Errorf("%q comes, from %v, %v", b[:n], from, err)
	}
}

// The machine forwards nothing for strangers because of a container: neither to each other, nor to the container's address.
func TestStrangers(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"web": {NAT: true, Publish: []spec.PublishedPort{"8080:80"}}})
	if !within {
		return
	}
	nettest.Serve(t, s.wan.Do, "tcp", "198.51.100.9:80", "wan")
	s.answers(s.lan.Do, "tcp", "198.51.100.9:80", "")
	s.start("web")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:8080", "web to 192.0.2.9")
	s.answers(s.lan.Do, "tcp", "198.51.100.9:80", "")
	s.answers(s.lan.Do, "tcp", Address(s.m, "web").String()+":80", "")
	if word, err := nettest.Ask(s.lan.Do, "tcp", "10.88.77.77:80", plenty); !errors.Is(err, unix.EHOSTUNREACH) {
		t.Errorf("a container that is not there answers %q, %v", word, err)
	}
	s.stop("web")
	s.answers(s.lan.Do, "tcp", "198.51.100.9:80", "")
}

// Who sends by UDP all the while before the container is there reaches it once it is, and after it the machine's own server.
func TestStubbornSender(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"web": {Publish: []spec.PublishedPort{"53:53/udp"}}, "other": {NAT: true}})
	if !within {
		return
	}
	s.start("other") // from now on the kernel remembers who sends
	nettest.Serve(t, here, "udp", "192.0.2.1:53", "here")
	var conn net.Conn
	err := s.lan.Do(func() (err error) {
		conn, err = net.Dial("udp", "192.0.2.1:53")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hears := func(want string) {
		t.Helper()
		b := make([]byte, 100)
		_, err := conn.Write([]byte("?"))
		if err == nil {
			err = conn.SetReadDeadline(time.Now().Add(plenty))
		}
		n := 0
		if err == nil {
			n, err = conn.Read(b)
		}
		if got := string(b[:n]); got != want {
			t.Errorf("hears %q, %v; want %q", got, err, want)
		}
	}
	hears("here to 192.0.2.9")
	s.start("web")
	hears("web to 192.0.2.9")
	s.stop("web")
	hears("here to 192.0.2.9")
}
