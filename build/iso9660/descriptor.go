package iso9660

import (
	"fmt"
	"strings"
	"time"
)

// primary is the primary volume descriptor (ECMA-119, 8.4) of a volume of so many
// blocks.
func primary(o Options, root *node, total, tableBlocks, tableSize int64) []byte {
	b := make([]byte, 0, Block)
	text := func(s string, size int) { b = append(b, (s + strings.Repeat(" ", size))[:size]...) }
	b = append(b, 1)
	b = append(b, "CD001\x01\x00"...)
	text("", 32) // the system that the system area is for
	text(o.VolumeID, 32)
	b = append(b, make([]byte, 8)...)
	b = appendBoth32(b, uint32(total))
	b = append(b, make([]byte, 32)...)
	b = appendBoth16(b, 1) // volumes in the set
	b = appendBoth16(b, 1) // number of this one
	b = appendBoth16(b, Block)
	b = appendBoth32(b, uint32(tableSize))
	b = le.AppendUint32(b, firstFree)
	b = le.AppendUint32(b, 0)
	b = be.AppendUint32(b, uint32(firstFree+tableBlocks))
	b = be.AppendUint32(b, 0)
	b = append(b, record(root, "\x00", o.Epoch, false)...)
	text("", 128)         // set
	text("", 128)         // publisher
	text("", 128)         // preparer
	text("IMGBUILD", 128) // application
	text("", 37*3)        // files with copyright, abstract, bibliography
	b = append(b, longTime(o.Epoch)...)
	b = append(b, longTime(o.Epoch)...)
	b = append(b, noTime...) // expires
	b = append(b, longTime(o.Epoch)...)
	b = append(b, 1) // version of the directories' format
	return append(b, make([]byte, Block-len(b))...)
}

func terminator() []byte {
	return append([]byte("\xffCD001\x01"), make([]byte, Block-7)...)
}

const noTime = "0000000000000000\x00"

// longTime is the time in 17 bytes (ECMA-119, 8.4.26.1), in UTC. Linux makes the
// volume's UUID of it.
func longTime(t time.Time) []byte {
	t = t.UTC()
	return append([]byte(t.Format("20060102150405")+fmt.Sprintf("%02d", t.Nanosecond()/1e7)), 0)
}

func checkVolumeID(id string) error {
	if len(id) > 32 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return fmt.Errorf("the volume's name %q is not up to 32 of A to Z, 0 to 9 and _", id)
	}
	return nil
}
