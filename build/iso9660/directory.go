package iso9660

import (
	"encoding/binary"
	"time"
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

// appendBoth16 and appendBoth32 append a number in both byte orders (ECMA-119, 7.2.3
// and 7.3.3).
func appendBoth16(b []byte, v uint16) []byte { return be.AppendUint16(le.AppendUint16(b, v), v) }
func appendBoth32(b []byte, v uint32) []byte { return be.AppendUint32(le.AppendUint32(b, v), v) }

// encode gives a directory's blocks: itself, its parent, its entries, none of them
// across a block's end.
func (n *node) encode(epoch time.Time) []byte {
	var b []byte
	add := func(r []byte) {
		if room := Block - len(b)%Block; room < len(r) {
			b = append(b, make([]byte, room)...)
		}
		b = append(b, r...)
	}
	self := record(n, "\x00", epoch, true)
	if n.parent == n { // the root announces that Rock Ridge is in use
		self = record(n, "\x00", epoch, true, sharing()...)
	}
	add(self)
	add(record(n.parent, "\x01", epoch, true))
	for _, c := range n.children {
		add(record(c, c.id, epoch, true, rockName(c.name)...))
	}
	return append(b, make([]byte, -len(b)&(Block-1))...)
}

// record is a directory record (ECMA-119, 9.1) with Rock Ridge's fields, to which
// extra ones are added.
func record(n *node, id string, epoch time.Time, rock bool, extra ...byte) []byte {
	b := []byte{0, 0}
	b = appendBoth32(b, uint32(n.block))
	b = appendBoth32(b, uint32(n.size))
	b = append(b, shortTime(epoch)...)
	flags := byte(0)
	if n.dir {
		flags = 2
	}
	b = append(b, flags, 0, 0)
	b = appendBoth16(b, 1) // the volume's number in its set
	b = append(b, byte(len(id)))
	b = append(b, id...)
	if len(id)%2 == 0 {
		b = append(b, 0)
	}
	if rock {
		b = append(b, extra...)
		b = append(b, rockMode(n)...)
		b = append(b, rockTime(epoch)...)
	}
	b = append(b, make([]byte, len(b)%2)...)
	b[0] = byte(len(b))
	return b
}

// pathTable lists the directories' places (ECMA-119, 9.4).
func pathTable(dirs []*node, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, d := range dirs {
		b = append(b, byte(len(d.id)), 0)
		b = order.AppendUint32(b, uint32(d.block))
		b = order.AppendUint16(b, uint16(d.parent.number))
		b = append(b, d.id...)
		b = append(b, make([]byte, len(d.id)%2)...)
	}
	return b
}

// shortTime is the time in seven bytes (ECMA-119, 9.1.5), in UTC.
func shortTime(t time.Time) []byte {
	t = t.UTC()
	return []byte{byte(t.Year() - 1900), byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()), byte(t.Second()), 0}
}
