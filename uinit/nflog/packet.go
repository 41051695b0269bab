package nflog

import (
	"encoding/binary"
	"net"
	"strings"
)

// Packet is what a rule logged.
type Packet struct {
	// Group that the rule names.
	Group uint16
	// Prefix is the rule's text.
	Prefix string
	// In and Out are indexes of interfaces, PhysIn and PhysOut those of a bridge's ports; 0 where there is none.
	In, Out, PhysIn, PhysOut int
	// Sequence counts the packets of the group.
	Sequence    uint32
	HasSequence bool
	// EtherType is the protocol of the payload, in the kernel's words the packet's (linux/if_ether.h).
	EtherType uint16
	// Source and Destination are hardware addresses, empty where the link has none.
	Source, Destination net.HardwareAddr
	// VLAN is the tag, 0 without.
	VLAN uint16
	// Network is what the payload says.
	Network
}

// etherHeader is the length of a header of Ethernet: two addresses and a type.
const etherHeader = 14

// parse reads a message of the kind typePacket.
func parse(body []byte) (p Packet, err error) {
	if len(body) < genericLen {
		return p, errShort
	}
	p.Group = binary.BigEndian.Uint16(body[2:])
	attrs, err := attributes(body[genericLen:])
	if err != nil {
		return p, err
	}
	number := func(kind uint16) int {
		if b := attrs[kind]; len(b) >= 4 {
			return int(binary.BigEndian.Uint32(b))
		}
		return 0
	}
	p.In, p.Out, p.PhysIn, p.PhysOut = number(attrIn), number(attrOut), number(attrPhysIn), number(attrPhysOut)
	if b := attrs[attrSequence]; len(b) >= 4 {
		p.Sequence, p.HasSequence = binary.BigEndian.Uint32(b), true
	}
	p.Prefix = strings.TrimRight(string(attrs[attrPrefix]), "\x00 :")
	if b := attrs[attrPacketHeader]; len(b) >= 2 {
		p.EtherType = binary.BigEndian.Uint16(b)
	}
	// struct nfulnl_msg_packet_hw: length, two bytes of padding, eight of the source's address.
	if b := attrs[attrHardware]; len(b) >= 12 && binary.BigEndian.Uint16(b) == 6 {
		p.Source = net.HardwareAddr(b[4:10])
	}
	if b := attrs[attrLinkHeader]; len(b) >= etherHeader {
		p.Destination, p.Source = net.HardwareAddr(b[0:6]), net.HardwareAddr(b[6:12])
	}
	if nested, err := attributes(attrs[attrVLAN]); err == nil {
		if b := nested[2]; len(b) >= 2 { // NFULA_VLAN_TCI
			p.VLAN = binary.BigEndian.Uint16(b) & 0xfff
		}
	}
	p.Network = parseNetwork(p.EtherType, attrs[attrPayload])
	return p, nil
}
