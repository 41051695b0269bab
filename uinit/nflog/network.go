package nflog

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// Network is what the headers of a packet say from layer 3 up. Whatever is cut off is missing.
type Network struct {
	From, To netip.Addr
	// Protocol is a name where there is one: TCP, ICMPv6, ARP request; else the number.
	Protocol string
	// Ports of TCP, UDP, SCTP.
	FromPort, ToPort uint16
	HasPorts         bool
	// Flags of TCP, as tcpdump(8)'s names: SYN ACK.
	Flags string
	// Type and Code of ICMP.
	Type, Code uint8
	HasType    bool
	// Length of the packet in bytes, as its header says.
	Length int
}

const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherIPv6 = 0x86dd
)

// Numbers of protocols (RFC 5237), and IPv6's headers on the way to them (RFC 7045).
const (
	icmp4, tcp, udp, icmp6, sctp                        = 1, 6, 17, 58, 132
	hopByHop, routing, fragment, authentication, option = 0, 43, 44, 51, 60
)

var protocols = map[uint8]string{icmp4: "ICMP", 2: "IGMP", tcp: "TCP", udp: "UDP", 47: "GRE", 50: "ESP", authentication: "AH", icmp6: "ICMPv6", sctp: "SCTP"}

func parseNetwork(etherType uint16, b []byte) (n Network) {
	switch {
	case etherType == etherIPv4 && len(b) >= 20 && b[0]>>4 == 4:
		n.From, n.To = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		n.Length = int(binary.BigEndian.Uint16(b[2:]))
		header := int(b[0]&15) * 4
		later := binary.BigEndian.Uint16(b[6:])&0x1fff != 0 // only the first fragment has ports
		if header < 20 || header > len(b) || later {
			header = len(b)
		}
		n.transport(b[9], b[header:])
	case etherType == etherIPv6 && len(b) >= 40 && b[0]>>4 == 6:
		n.From, n.To = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		n.Length = 40 + int(binary.BigEndian.Uint16(b[4:]))
		n.transport(skipHeaders(b[6], b[40:]))
	case etherType == etherARP && len(b) >= 28 && binary.BigEndian.Uint16(b[2:]) == etherIPv4 && b[4] == 6 && b[5] == 4:
		n.From, n.To = netip.AddrFrom4([4]byte(b[14:])), netip.AddrFrom4([4]byte(b[24:]))
		n.Protocol = "ARP"
		n.Type, n.HasType = uint8(min(binary.BigEndian.Uint16(b[6:]), 255)), true // the operation: 1 asks, 2 answers
	default:
		n.Protocol = "0x" + strconv.FormatUint(uint64(etherType), 16)
	}
	return n
}

// skipHeaders goes over IPv6's extension headers (RFC 8200, section 4).
func skipHeaders(next uint8, b []byte) (uint8, []byte) {
	for {
		length := 8
		switch next {
		case hopByHop, routing, option:
			if len(b) >= 8 {
				length = 8 + 8*int(b[1])
			}
		case fragment:
			if len(b) >= 8 && binary.BigEndian.Uint16(b[2:])&^7 != 0 {
				return b[0], nil // not the first one
			}
		case authentication:
			if len(b) >= 8 {
				length = 8 + 4*int(b[1])
			}
		default:
			return next, b
		}
		if len(b) < length {
			return next, nil
		}
		next, b = b[0], b[length:]
	}
}

// tcpFlags from the lowest bit (RFC 9293, section 3.1).
var tcpFlags = []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}

func (n *Network) transport(protocol uint8, b []byte) {
	n.Protocol = protocols[protocol]
	if n.Protocol == "" {
		n.Protocol = strconv.Itoa(int(protocol))
	}
	switch protocol {
	case tcp, udp, sctp:
		if len(b) < 4 {
			return
		}
		n.FromPort, n.ToPort, n.HasPorts = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), true
		if protocol == tcp && len(b) >= 14 {
			var set []string
			for i, name := range tcpFlags {
				if b[13]&(1<<i) != 0 {
					set = append(set, name)
				}
			}
			n.Flags = strings.Join(set, " ")
		}
	case icmp4, icmp6:
		if len(b) >= 2 {
			n.Type, n.Code, n.HasType = b[0], b[1], true
		}
	}
}
