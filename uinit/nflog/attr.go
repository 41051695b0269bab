// Package nflog reads the packets that nftables' log statement hands to a group, and makes records of
// them: rule, ports, addresses (linux/netfilter/nfnetlink_log.h).
package nflog

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nlattr"
)

// Messages of the subsystem that logs (linux/netfilter/nfnetlink.h).
const (
	genericLen = 4 // struct nfgenmsg
	typePacket = unix.NFNL_SUBSYS_ULOG << 8
	typeConfig = unix.NFNL_SUBSYS_ULOG<<8 | 1
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

// attributes are those in a body by their type; of two of one type the last counts.
func attributes(b []byte) (map[uint16][]byte, error) {
	all := map[uint16][]byte{}
	err := nlattr.Each(b, func(kind uint16, value []byte) error {
		all[kind] = value
		return nil
	})
	return all, err
}
