package md

import (
	"encoding/binary"
	"math"

	"github.com/imgbuild/imgbuild/internal/signature"
)

// made describes a member as mdadm would have written it.
type made struct {
	device  string
	slot    int // of the device; its number is the same unless given
	number  int
	events  uint64
	roles   []int
	level   int
	slots   int
	layout  int
	dirty   bool
	feature uint32
	name    string
	uuid    byte
	version string
}

// super writes a superblock into 4096 bytes.
func (m made) super() []byte {
	if m.version == "0.90" {
		return m.super0()
	}
	b, le := make([]byte, blockSize), binary.LittleEndian
	le.PutUint32(b, signature.MDMagic)
	le.PutUint32(b[4:], 1)
	le.PutUint32(b[8:], m.feature)
	b[16] = m.uuid
	copy(b[32:64], m.name)
	le.PutUint32(b[72:], uint32(int32(m.level)))
	le.PutUint32(b[76:], uint32(m.layout))
	le.PutUint32(b[92:], uint32(m.slots))
	le.PutUint64(b[128:], 2048)
	le.PutUint64(b[136:], 4096)
	le.PutUint64(b[144:], 8)
	le.PutUint64(b[152:], math.MaxUint64)
	le.PutUint32(b[160:], uint32(m.number))
	le.PutUint64(b[200:], m.events)
	if !m.dirty {
		le.PutUint64(b[208:], math.MaxUint64)
	}
	le.PutUint32(b[220:], uint32(len(m.roles)))
	for i, r := range m.roles {
		le.PutUint16(b[256+2*i:], uint16(r))
	}
	le.PutUint32(b[216:], sum1(b[:256+2*len(m.roles)]))
	return b
}

func (m made) super0() []byte {
	b := make([]byte, blockSize)
	put := func(word int, v uint32) { binary.LittleEndian.PutUint32(b[4*word:], v) }
	put(0, signature.MDMagic)
	put(2, 90)
	put(5, uint32(m.uuid))
	put(7, uint32(int32(m.level)))
	put(8, 1024)
	put(10, uint32(m.slots))
	put(39, uint32(m.events))
	if !m.dirty {
		put(33, stateClean0)
	}
	row := func(at, number, slot int) {
		put(at, uint32(number))
		put(at+3, uint32(slot))
		state := uint32(diskActive0 | diskSync0)
		if !Active(slot) {
			state = diskFaulty0 | diskRemoved0
		}
		put(at+4, state)
	}
	for i, slot := range m.roles {
		row(firstDisk0+i*diskWords0, i, slot)
	}
	row(thisDisk0, m.number, m.slot)
	put(38, sum0(b))
	return b
}

// member is it as something that was found.
func (m made) member() Member {
	sector := uint64(8)
	if m.version == "" {
		m.version = "1.2"
	}
	s, err := Parse(m.super(), m.version, sector)
	if err != nil {
		panic(err)
	}
	return Member{Device: m.device, Sectors: 1 << 20, Serial: "S-" + m.device, Super: s}
}
