package fat

import (
	"bytes"
	"encoding/binary"

	"github.com/imgbuild/imgbuild/build/extent"
)

var le = binary.LittleEndian

const (
	endOfChain = 0x0fffffff
	mediaFixed = 0xf8 // a disk that is not removed, as said in the table's first entry too
)

// chains is the table that leads from each cluster of a file to its next.
type chains struct {
	g       geometry
	entries []uint32
}

func newChains(g geometry) *chains {
	return &chains{g, []uint32{endOfChain&^0xff | mediaFixed, endOfChain}}
}

// take chains the next count clusters and returns the first one's number, or 0 for none.
func (c *chains) take(count int64) int64 {
	if count == 0 {
		return 0
	}
	first := int64(len(c.entries))
	for range count - 1 {
		c.entries = append(c.entries, uint32(len(c.entries)+1))
	}
	c.entries = append(c.entries, endOfChain)
	return first
}

// free is how many clusters are not taken.
func (c *chains) free() int64 { return c.g.clusters + firstNumber - int64(len(c.entries)) }

// place writes both copies of the table, as far as clusters are taken.
func (c *chains) place(m *extent.Image) {
	var b []byte
	for _, e := range c.entries {
		if c.g.fat32 {
			b = le.AppendUint32(b, e)
		} else {
			b = le.AppendUint16(b, uint16(e))
		}
	}
	for i := range int64(2) {
		m.Place((c.g.reserved+i*c.g.table)*sector, bytes.NewReader(b))
	}
}
