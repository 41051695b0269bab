package gate

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nlattr"
)

// What linux/pkt_sched.h and linux/pkt_cls.h number.
const (
	ingress       = 0xffff0000
	parentIngress = 0xfffffff1
	opsLen        = 4
	ops           = 5
	flags         = 8
	direct        = 1 // the program's verdict is what becomes of the frame
	shot          = 2
	dropsAt       = 8 // in struct gnet_stats_queue (linux/gen_stats.h)
)

// Attach hangs a program on the interface of an index. What comes in there is refused unless the program passes it, also where it
// breaks off: then it gives no verdict, and the next in the kernel's row is one that refuses all.
func Attach(index int, program []unix.SockFilter) error {
	qdisc := request(unix.RTM_NEWQDISC, nl.TcMsg{Ifindex: int32(index), Handle: ingress, Parent: parentIngress}, "ingress")
	if _, err := qdisc.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		return fmt.Errorf("making its filter: %w", err)
	}
	for _, f := range []struct {
		priority uint32
		program  []unix.SockFilter
		flags    uint32
	}{{2, end(shot), direct}, {1, program, 0}} {
		every := uint32(binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL}))
		req := request(unix.RTM_NEWTFILTER, nl.TcMsg{Ifindex: int32(index), Parent: ingress, Info: f.priority<<16 | every}, "bpf")
		options := nl.NewRtAttr(nl.TCA_OPTIONS, nil)
		options.AddRtAttr(opsLen, nl.Uint16Attr(uint16(len(f.program))))
		options.AddRtAttr(ops, unsafe.Slice((*byte)(unsafe.Pointer(&f.program[0])), len(f.program)*unix.SizeofSockFilter))
		options.AddRtAttr(flags, nl.Uint32Attr(f.flags))
		req.AddData(options)
		if _, err := req.Execute(unix.NETLINK_ROUTE, 0); err != nil {
			return fmt.Errorf("setting its filter: %w", err)
		}
	}
	return nil
}

func request(kind int, msg nl.TcMsg, name string) *nl.NetlinkRequest {
	req := nl.NewNetlinkRequest(kind, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	req.AddData(&msg)
	req.AddData(nl.NewRtAttr(nl.TCA_KIND, nl.ZeroTerminated(name)))
	return req
}

// Refused is how many frames were, by the indexes of interfaces that have a filter.
func Refused() (map[int]uint32, error) {
	req := nl.NewNetlinkRequest(unix.RTM_GETQDISC, unix.NLM_F_DUMP)
	req.AddData(&nl.TcMsg{})
	messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWQDISC)
	if err != nil {
		return nil, fmt.Errorf("asking for what filters refused: %w", err)
	}
	counts := map[int]uint32{}
	for _, m := range messages {
		if len(m) < nl.SizeofTcMsg {
			continue
		}
		msg := nl.DeserializeTcMsg(m)
		if msg.Parent != parentIngress {
			continue
		}
		err := nlattr.Each(m[nl.SizeofTcMsg:], func(kind uint16, b []byte) error {
			if kind != nl.TCA_STATS2 {
				return nil
			}
			return nlattr.Each(b, func(kind uint16, b []byte) error {
				if kind == nl.TCA_STATS_QUEUE && len(b) >= dropsAt+4 {
					counts[int(msg.Ifindex)] = binary.NativeEndian.Uint32(b[dropsAt:])
				}
				return nil
			})
		})
		if err != nil {
			return nil, fmt.Errorf("asking for what filters refused: %w", err)
		}
	}
	return counts, nil
}
