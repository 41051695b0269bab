package md

import (
	"encoding/binary"
	"math"
	"strings"
)

// mostRoles is what fits behind the fixed part into a superblock's 4096 bytes.
const mostRoles = (blockSize - 256) / 2

// parse1 reads struct mdp_superblock_1 (md_p.h).
func parse1(b []byte, version string, sector uint64) (*Superblock, error) {
	le := binary.LittleEndian
	if major := le.Uint32(b[4:]); major != 1 {
		// A superblock of 0.90 begins alike and may lie where one of 1.0 would.
		return nil, ErrNone
	}
	devices := int(le.Uint32(b[220:]))
	if devices < 0 || devices > mostRoles {
		return nil, damage("%d devices", devices)
	}
	if want, got := le.Uint32(b[216:]), sum1(b[:256+2*devices]); want != got {
		return nil, damage("checksum %08x, not %08x", got, want)
	}
	if at := le.Uint64(b[144:]); at != sector {
		// A partition that ends with its disk shows the same superblock on both.
		return nil, ErrNone
	}
	s := &Superblock{
		Version: version, UUID: UUID(b[16:32]), Name: name1(b[32:64]), Level: int(int32(le.Uint32(b[72:]))), Layout: int(le.Uint32(b[76:])),
		Slots: int(le.Uint32(b[92:])), Events: le.Uint64(b[200:]), Clean: le.Uint64(b[208:]) == math.MaxUint64,
		Features: le.Uint32(b[8:]), Number: int(le.Uint32(b[160:])),
	}
	s.Recovering = s.Features&FeatureRecoveryOffset != 0 && le.Uint64(b[152:]) != math.MaxUint64
	for i := range devices {
		s.Roles = append(s.Roles, int(le.Uint16(b[256+2*i:])))
	}
	offset, size := le.Uint64(b[128:]), le.Uint64(b[136:])
	if offset > 1<<56 || size > 1<<56 {
		return nil, damage("data of %d sectors at sector %d", size, offset)
	}
	s.Needs = max(offset+size, sector+8)
	if s.Slots < 1 || s.Slots > mostRoles {
		return nil, damage("%d slots", s.Slots)
	}
	return s, nil
}

// sum1 is calc_sb_1_csum of drivers/md/md.c.
func sum1(b []byte) uint32 {
	var sum uint64
	for i := 0; i+4 <= len(b); i += 4 {
		if i != 216 {
			sum += uint64(binary.LittleEndian.Uint32(b[i:]))
		}
	}
	if len(b)%4 == 2 {
		sum += uint64(binary.LittleEndian.Uint16(b[len(b)-2:]))
	}
	return uint32(sum) + uint32(sum>>32)
}

func name1(b []byte) string {
	name, _, _ := strings.Cut(string(b), "\x00")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f { // it goes to consoles
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
}
