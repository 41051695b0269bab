package wireguard

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nlattr"
)

// Kernel is where the interface is.
type Kernel interface {
	Observe() (State, error)
	Do(Op) error
}

// Device is the running kernel's interface of a name (include/uapi/linux/wireguard.h).
type Device string

const (
	getDevice = 0
	setDevice = 1

	deviceName, devicePrivate, devicePort, devicePeers = 2, 3, 6, 8

	peerPublic, peerPreshared, peerFlags, peerEndpoint, peerKeepalive, peerHandshake, peerAllowed = 1, 2, 3, 4, 5, 6, 9
	removePeer, replaceAllowed                                                                    = 1, 2

	allowedFamily, allowedAddress, allowedBits = 1, 2, 3
)

func (d Device) request(command uint8, flags int) (*nl.NetlinkRequest, error) {
	family, err := netlink.GenlFamilyGet("wireguard")
	if err != nil {
		return nil, fmt.Errorf("finding WireGuard in the kernel: %w", err)
	}
	req := nl.NewNetlinkRequest(int(family.ID), flags)
	req.AddData(&nl.Genlmsg{Command: command, Version: 1})
	req.AddData(nl.NewRtAttr(deviceName, nl.ZeroTerminated(string(d))))
	return req, nil
}

// Observe reads what the interface is set to. A peer with many networks comes in several messages.
func (d Device) Observe() (State, error) {
	req, err := d.request(getDevice, unix.NLM_F_DUMP)
	if err != nil {
		return State{}, err
	}
	messages, err := req.Execute(unix.NETLINK_GENERIC, 0)
	if err != nil {
		return State{}, fmt.Errorf("asking for %s: %w", d, err)
	}
	var s State
	for _, m := range messages {
		if err := s.parse(m); err != nil {
			return State{}, fmt.Errorf("asking for %s: %w", d, err)
		}
	}
	return s, nil
}

// parse adds a message of the kernel.
func (s *State) parse(m []byte) error {
	if len(m) < nl.SizeofGenlmsg {
		return fmt.Errorf("a message of %d bytes", len(m))
	}
	return nlattr.Each(m[nl.SizeofGenlmsg:], func(kind uint16, b []byte) error {
		switch {
		case kind == devicePrivate && len(b) == 32:
			s.Private = Key(b)
		case kind == devicePort && len(b) == 2:
			s.ListenPort = int(binary.NativeEndian.Uint16(b))
		case kind == devicePeers:
			return nlattr.Each(b, func(_ uint16, b []byte) error {
				p, err := parsePeer(b)
				if n := len(s.Peers); n > 0 && s.Peers[n-1].Public == p.Public {
					s.Peers[n-1].AllowedIPs = append(s.Peers[n-1].AllowedIPs, p.AllowedIPs...)
				} else {
					s.Peers = append(s.Peers, p)
				}
				return err
			})
		}
		return nil
	})
}

func parsePeer(b []byte) (p Peer, err error) {
	err = nlattr.Each(b, func(kind uint16, b []byte) error {
		switch {
		case kind == peerPublic && len(b) == 32:
			p.Public = Key(b)
		case kind == peerPreshared && len(b) == 32:
			p.Preshared = Key(b)
		case kind == peerEndpoint && len(b) >= 8:
			p.Endpoint = parseEndpoint(b)
		case kind == peerKeepalive && len(b) == 2:
			p.Keepalive = time.Duration(binary.NativeEndian.Uint16(b)) * time.Second
		case kind == peerHandshake && len(b) == 16:
			if sec := int64(binary.NativeEndian.Uint64(b)); sec != 0 {
				p.Handshake = time.Unix(sec, int64(binary.NativeEndian.Uint64(b[8:])))
			}
		case kind == peerAllowed:
			return nlattr.Each(b, func(_ uint16, b []byte) error {
				var a netip.Addr
				bits := -1
				err := nlattr.Each(b, func(kind uint16, b []byte) error {
					switch {
					case kind == allowedAddress:
						a, _ = netip.AddrFromSlice(b)
					case kind == allowedBits && len(b) == 1:
						bits = int(b[0])
					}
					return nil
				})
				if n := netip.PrefixFrom(a, bits); n.IsValid() {
					p.AllowedIPs = append(p.AllowedIPs, n)
				}
				return err
			})
		}
		return nil
	})
	return p, err
}

// Do makes one change.
func (d Device) Do(o Op) error {
	req, err := d.request(setDevice, unix.NLM_F_ACK)
	if err != nil {
		return err
	}
	switch o := o.(type) {
	case SetDevice:
		req.AddData(nl.NewRtAttr(devicePrivate, o.Private[:]))
		if o.ListenPort != 0 {
			req.AddData(nl.NewRtAttr(devicePort, nl.Uint16Attr(uint16(o.ListenPort))))
		}
	case SetPeer:
		req.AddData(peers(o.Peer, replaceAllowed))
	case RemovePeer:
		req.AddData(peers(Peer{Public: o.Public}, removePeer))
	default:
		panic(fmt.Sprintf("BUG: no such change: %T", o))
	}
	if _, err := req.Execute(unix.NETLINK_GENERIC, 0); err != nil {
		return fmt.Errorf("%s: %v: %w", d, o, err)
	}
	return nil
}

// peers is the attribute that holds one peer.
func peers(p Peer, flags uint32) *nl.RtAttr {
	all := nl.NewRtAttr(devicePeers|unix.NLA_F_NESTED, nil)
	a := all.AddRtAttr(unix.NLA_F_NESTED, nil)
	a.AddRtAttr(peerPublic, p.Public[:])
	a.AddRtAttr(peerFlags, nl.Uint32Attr(flags))
	if flags == removePeer {
		return all
	}
	a.AddRtAttr(peerPreshared, p.Preshared[:])
	a.AddRtAttr(peerKeepalive, nl.Uint16Attr(uint16(p.Keepalive/time.Second)))
	if p.Endpoint.IsValid() {
		a.AddRtAttr(peerEndpoint, endpoint(p.Endpoint))
	}
	nets := a.AddRtAttr(peerAllowed|unix.NLA_F_NESTED, nil)
	for _, n := range p.AllowedIPs {
		family := uint16(unix.AF_INET)
		if n.Addr().Is6() {
			family = unix.AF_INET6
		}
		x := nets.AddRtAttr(unix.NLA_F_NESTED, nil)
		x.AddRtAttr(allowedFamily, nl.Uint16Attr(family))
		x.AddRtAttr(allowedAddress, n.Masked().Addr().AsSlice())
		x.AddRtAttr(allowedBits, nl.Uint8Attr(uint8(n.Bits())))
	}
	return all
}

// endpoint is a struct sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)).
func endpoint(e netip.AddrPort) []byte {
	a := e.Addr().Unmap()
	if a.Is4() {
		b := binary.BigEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, unix.AF_INET), e.Port())
		return append(append(b, a.AsSlice()...), make([]byte, 8)...)
	}
	b := binary.BigEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, unix.AF_INET6), e.Port())
	return append(append(append(b, 0, 0, 0, 0), a.AsSlice()...), 0, 0, 0, 0)
}

func parseEndpoint(b []byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(b[2:])
	switch family := binary.NativeEndian.Uint16(b); {
	case family == unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	case family == unix.AF_INET6 && len(b) >= 24:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), port)
	}
	return netip.AddrPort{}
}
