package gate

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// code is a part of a program, in the kernel's classic language (Documentation/networking/filter.rst). Each part ends with its
// verdict, or goes on behind its end. A load from beyond the frame's end refuses it.
type code []unix.SockFilter

// Verdicts.
const (
	pass   = 1<<32 - 1
	refuse = 0
)

// Instructions. k is a number, or an offset in the frame; AtX adds X to it.
const (
	loadWord  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	loadHalf  = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
	loadByte  = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
	wordAtX   = unix.BPF_LD | unix.BPF_W | unix.BPF_IND
	halfAtX   = unix.BPF_LD | unix.BPF_H | unix.BPF_IND
	byteAtX   = unix.BPF_LD | unix.BPF_B | unix.BPF_IND
	setX      = unix.BPF_LDX | unix.BPF_W | unix.BPF_IMM
	headerX   = unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH // the length of an IPv4 header
	toX       = unix.BPF_MISC | unix.BPF_TAX
	fromX     = unix.BPF_MISC | unix.BPF_TXA
	addX      = unix.BPF_ALU | unix.BPF_ADD | unix.BPF_X
	orX       = unix.BPF_ALU | unix.BPF_OR | unix.BPF_X
	add       = unix.BPF_ALU | unix.BPF_ADD | unix.BPF_K
	and       = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	shift     = unix.BPF_ALU | unix.BPF_LSH | unix.BPF_K
	store     = unix.BPF_ST
	recall    = unix.BPF_LD | unix.BPF_W | unix.BPF_MEM
	always    = unix.BPF_JMP | unix.BPF_JA
	equal     = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	atLeast   = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	anyBit    = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	beyondX   = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_X
	giveBack  = unix.BPF_RET | unix.BPF_K
	extension = 1<<32 - 0x1000 // SKF_AD_OFF in linux/filter.h: offsets of what the kernel knows of a frame
	vlanTag   = extension + 48 // SKF_AD_VLAN_TAG_PRESENT
)

func do(op uint16, k uint32) code { return code{{Code: op, K: k}} }

func end(verdict uint32) code { return do(giveBack, verdict) }

// when runs body where A stands so to k.
func when(op uint16, k uint32, body ...code) code { return branch(op, k, false, body) }

// unless runs body where it does not.
func unless(op uint16, k uint32, body ...code) code { return branch(op, k, true, body) }

// branch goes by a long jump: those with a condition reach 255 instructions.
func branch(op uint16, k uint32, not bool, body []code) code {
	inner := slices.Concat(body...)
	test := unix.SockFilter{Code: op, K: k, Jt: 1}
	if not {
		test.Jt, test.Jf = 0, 1
	}
	return slices.Concat(code{test}, do(always, uint32(len(inner))), inner)
}

// need refuses the frame unless A is k, never refuses it where A is.
func need(k uint32) code  { return unless(equal, k, end(refuse)) }
func never(k uint32) code { return when(equal, k, end(refuse)) }

// mac refuses the frame unless an address stands there.
func mac(word, half uint16, at uint32, own [6]byte) code {
	return slices.Concat(
		do(word, at), need(binary.BigEndian.Uint32(own[:])),
		do(half, at+4), need(uint32(binary.BigEndian.Uint16(own[4:]))))
}

// among refuses the frame unless an address of one of the networks stands there, which are all of one family.
func among(word uint16, at uint32, networks []netip.Prefix) code {
	rest := end(refuse)
	for _, n := range slices.Backward(networks) {
		found := do(always, uint32(len(rest)))
		var test code
		for i, bytes := range slices.Collect(slices.Chunk(n.Masked().Addr().AsSlice(), 4)) {
			bits := min(max(n.Bits()-32*i, 0), 32)
			if bits == 0 {
				break
			}
			test = slices.Concat(test, do(word, at+uint32(4*i)))
			if bits < 32 {
				test = slices.Concat(test, do(and, ^uint32(0)<<(32-bits)))
			}
			test = slices.Concat(test, do(equal, binary.BigEndian.Uint32(bytes)))
		}
		test = slices.Concat(test, found)
		for i := range test {
			if test[i].Code == equal { // whatever differs, the next network is tried
				test[i].Jf = uint8(len(test) - i - 1)
			}
		}
		rest = slices.Concat(test, rest)
	}
	return rest
}
