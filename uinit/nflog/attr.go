// Package nflog reads the packets that nftables' log statement hands to a group, and makes records of
// them: rule, ports, addresses (linux/netfilter/nfnetlink_log.h).
package nflog

import (
	"encoding/binary"
	"errors"
)

// Messages of netlink (linux/netlink.h) and of the subsystem that logs (linux/netfilter/nfnetlink.h).
const (
	headerLen   = 16 // struct nlmsghdr
	genericLen  = 4  // struct nfgenmsg
	typeError   = 2  // NLMSG_ERROR
	subsystem   = 4  // NFNL_SUBSYS_ULOG
	typePacket  = subsystem << 8
	typeConfig  = subsystem<<8 | 1
	flagRequest = 1 // NLM_F_REQUEST
	flagAck     = 4 // NLM_F_ACK
)

// Attributes of a packet (enum nfulnl_attr_type).
const (
	attrPacketHeader = 1
	attrPhysIn       = 6
	attrPhysOut      = 7
	attrIn           = 4
	attrOut          = 5
	attrHardware     = 8
	attrPayload      = 9
	attrPrefix       = 10
	attrSequence     = 12
	attrVLAN         = 20
	attrLinkHeader   = 16 // NFULA_HWHEADER
)

var errShort = errors.New("a message of the kernel is cut off")

// message is one message of a datagram.
type message struct {
	kind uint16
	body []byte
}

// split cuts a datagram into its messages, each aligned to four bytes.
func split(b []byte) (all []message, err error) {
	for len(b) > 0 {
		if len(b) < headerLen {
			return all, errShort
		}
		length := int(binary.NativeEndian.Uint32(b))
		if length < headerLen || length > len(b) {
			return all, errShort
		}
		all = append(all, message{binary.NativeEndian.Uint16(b[4:]), b[headerLen:length]})
		b = b[min(align(length), len(b)):]
	}
	return all, nil
}

// attributes cuts a body into attributes; of two of one type the last counts. Flags of nesting and byte
// order are left out of the type.
func attributes(b []byte) (map[uint16][]byte, error) {
	all := map[uint16][]byte{}
	for len(b) > 0 {
		if len(b) < 4 {
			return all, errShort
		}
		length := int(binary.NativeEndian.Uint16(b))
		if length < 4 || length > len(b) {
			return all, errShort
		}
		all[binary.NativeEndian.Uint16(b[2:])&0x3fff] = b[4:length]
		b = b[min(align(length), len(b)):]
	}
	return all, nil
}

func align(n int) int { return (n + 3) &^ 3 }

// appendAttr appends an attribute with its padding.
func appendAttr(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, align(len(value))-len(value))...)
}

// request makes a message to the kernel about a group.
func request(sequence uint32, group uint16, attrs []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(headerLen+genericLen+len(attrs)))
	b = binary.NativeEndian.AppendUint16(b, typeConfig)
	b = binary.NativeEndian.AppendUint16(b, flagRequest|flagAck)
	b = binary.NativeEndian.AppendUint32(b, sequence)
	b = append(b, 0, 0, 0, 0) // to the kernel
	b = append(b, 0, 0)       // AF_UNSPEC, NFNETLINK_V0
	return append(binary.BigEndian.AppendUint16(b, group), attrs...)
}
