package fat

import (
	"bytes"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
)

const (
	entrySize = 32

	attrLabel     = 0x08
	attrDirectory = 0x10
	attrArchive   = 0x20
	attrLong      = 0x0f
	lastLong      = 0x40
)

// place writes the directory and those below it.
func (n *node) place(m *extent.Image, g geometry, time uint32, label [11]byte) {
	if !n.dir {
		return
	}
	var b []byte
	if n.parent == nil {
		b = record(b, label, attrLabel, time, 0, 0)
	} else {
		b = record(b, dots("."), attrDirectory, time, n.cluster, 0)
		up := n.parent.cluster
		if n.parent.parent == nil {
			up = 0 // the root is named so in FAT32 too, where it has a cluster
		}
		b = record(b, dots(".."), attrDirectory, time, up, 0)
	}
	for _, c := range n.children {
		b = longRecords(b, c)
		attr := byte(attrArchive)
		if c.dir {
			attr = attrDirectory
		}
		b = record(b, c.short, attr, time, c.cluster, c.size)
	}
	at := g.offset(n.cluster)
	if n.cluster == 0 {
		at = (g.data() - g.root) * sector
	}
	m.Place(at, bytes.NewReader(b))
	for _, c := range n.children {
		c.place(m, g, time, label)
	}
}

func dots(name string) (short [11]byte) {
	copy(short[:], name+"           ")
	return short
}

// record appends a file's 32 bytes.
func record(b []byte, short [11]byte, attr byte, time uint32, cluster, size int64) []byte {
	r := make([]byte, entrySize)
	copy(r, short[:])
	r[11] = attr
	le.PutUint32(r[14:], time)                // made
	le.PutUint16(r[18:], uint16(time>>16))    // read
	le.PutUint16(r[20:], uint16(cluster>>16)) //
	le.PutUint32(r[22:], time)                // written
	le.PutUint16(r[26:], uint16(cluster))
	le.PutUint32(r[28:], uint32(size))
	return append(b, r...)
}

// longRecords appends the long name, its end first.
func longRecords(b []byte, n *node) []byte {
	units := longUnits(n.name, n.short)
	sum := byte(0)
	for _, c := range n.short {
		sum = sum>>1 | sum<<7
		sum += c
	}
	for number := len(units) / longUnitsEach; number > 0; number-- {
		r := make([]byte, entrySize)
		r[0] = byte(number)
		if number*longUnitsEach == len(units) {
			r[0] |= lastLong
		}
		r[11], r[13] = attrLong, sum
		for i, unit := range units[(number-1)*longUnitsEach:][:longUnitsEach] {
			le.PutUint16(r[longPlaces[i]:], unit)
		}
		b = append(b, r...)
	}
	return b
}

// longPlaces are the gaps between what drivers without long names look at.
var longPlaces = [longUnitsEach]int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30}

// stamp packs a time, to two seconds, with the date in the upper half.
func stamp(t time.Time) uint32 {
	t = t.UTC()
	if t.Year() < 1980 {
		t = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if t.Year() > 2107 {
		t = time.Date(2107, 12, 31, 23, 59, 58, 0, time.UTC)
	}
	date := (t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day()
	clock := t.Hour()<<11 | t.Minute()<<5 | t.Second()/2
	return uint32(date<<16 | clock)
}
