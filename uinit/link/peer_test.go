package link

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/server4"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// peer is the other end of a cable, in a namespace of its own, with a DHCP server that does as it is told.
type peer struct {
	t      *testing.T
	handle *netlink.Handle
	link   netlink.Link
	// there runs a function in the peer's namespace.
	there func(func() error)

	mu sync.Mutex
	// reply makes the server's answer; nil keeps silent.
	reply func(*dhcpv4.DHCPv4) *dhcpv4.DHCPv4
	seen  chan dhcpv4.MessageType
}

// plug makes a cable: the interface name here, and its peer with 192.0.2.1/24 elsewhere.
func plug(t *testing.T, name string) *peer {
	t.Helper()
	p := &peer{t: t, seen: make(chan dhcpv4.MessageType, 100)}
	made := make(chan error)
	work := make(chan func())
	t.Cleanup(func() { close(work) })
	go func() {
		// Never unlocked: the thread ends with the goroutine, and its namespace with it.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			p.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		}
		made <- err
		for f := range work {
			f()
		}
	}()
	if err := <-made; err != nil {
		t.Skipf("no second network namespace here: %v", err)
	}
	there := func(f func() error) {
		t.Helper()
		done := make(chan error)
		work <- func() { done <- f() }
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	p.there = there
	var ns int
	there(func() (err error) { ns, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY, 0); return })
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: "far", PeerNamespace: netlink.NsFd(ns)}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Skipf("no veth here: %v", err)
	}
	there(func() (err error) {
		if p.link, err = p.handle.LinkByName("far"); err != nil {
			return err
		}
		address := &net.IPNet{IP: net.IPv4(192, 0, 2, 1), Mask: net.CIDRMask(24, 32)}
		return errors.Join(p.handle.AddrAdd(p.link, &netlink.Addr{IPNet: address}), p.handle.LinkSetUp(p.link))
	})
	there(func() error {
		server, err := server4.NewServer("far", nil, p.answer)
		if err == nil {
			go server.Serve()
			t.Cleanup(func() { server.Close() })
		}
		return err
	})
	return p
}

func (p *peer) answer(conn net.PacketConn, from net.Addr, m *dhcpv4.DHCPv4) {
	p.mu.Lock()
	reply := p.reply
	p.mu.Unlock()
	select {
	case p.seen <- m.MessageType():
	default:
	}
	if reply == nil {
		return
	}
	if r := reply(m); r != nil {
		to := &net.UDPAddr{IP: net.IPv4bcast, Port: 68}
		if !m.ClientIPAddr.IsUnspecified() {
			to.IP = m.ClientIPAddr
		}
		_, _ = conn.WriteTo(r.ToBytes(), to)
	}
}

// serve makes the server lend an address for some seconds.
func (p *peer) serve(address string, seconds uint32, more ...dhcpv4.Modifier) {
	p.be(func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		kind := dhcpv4.MessageTypeOffer
		if m.MessageType() == dhcpv4.MessageTypeRequest {
			kind = dhcpv4.MessageTypeAck
			asked := m.RequestedIPAddress()
			if asked == nil {
				asked = m.ClientIPAddr
			}
			if !asked.Equal(net.ParseIP(address)) {
				kind = dhcpv4.MessageTypeNak
			}
		}
		gateway := net.IPv4(192, 0, 2, 1)
		r, err := dhcpv4.NewReplyFromRequest(m, append([]dhcpv4.Modifier{
			dhcpv4.WithMessageType(kind), dhcpv4.WithServerIP(gateway), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(gateway)),
			dhcpv4.WithYourIP(net.ParseIP(address)), dhcpv4.WithNetmask(net.CIDRMask(24, 32)),
			dhcpv4.WithRouter(gateway), dhcpv4.WithDNS(net.IPv4(192, 0, 2, 53)), dhcpv4.WithLeaseTime(seconds),
		}, more...)...)
		if err != nil {
			p.t.Error(err)
		}
		return r
	})
}

func (p *peer) be(reply func(*dhcpv4.DHCPv4) *dhcpv4.DHCPv4) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reply = reply
}

// cable plugs in or pulls.
func (p *peer) cable(in bool) {
	p.t.Helper()
	set := p.handle.LinkSetDown
	if in {
		set = p.handle.LinkSetUp
	}
	if err := set(p.link); err != nil {
		p.t.Fatal(err)
	}
}
