package qcow

import (
	"fmt"

	"github.com/imgbuild/imgbuild/build/foreign"
)

// Whole tells whether all clusters that the tables name lie in the file: nil, or what is missing. It
// reads the tables, and a byte of the cluster that lies last.
func (d *Disk) Whole() error {
	d.lastRead.Lock()
	defer d.lastRead.Unlock()
	perTable, last := int64(1)<<(d.bits-3), int64(0)
	for i, word := range d.l1 {
		at := int64(word & offsetMask)
		if at == 0 {
			continue
		}
		table, err := d.numbers(at, perTable)
		if err != nil {
			return fmt.Errorf("reading a qcow2 image, a table at byte %d: %w", at, err)
		}
		for j, entry := range table {
			left := d.size - (int64(i)*perTable+int64(j))<<d.bits
			switch {
			case left <= 0, entry&allZero != 0 && entry&compressed == 0:
			case entry&compressed != 0: // where it ends its content tells; it begins there at least
				last = max(last, int64(entry&(1<<(62-(d.bits-8))-1)))
			case entry&offsetMask != 0:
				last = max(last, int64(entry&offsetMask)+min(left, 1<<d.bits)-1)
			}
		}
	}
	if last == 0 {
		return nil
	}
	if err := foreign.Read(d.file, make([]byte, 1), last); err != nil {
		return fmt.Errorf("reading a qcow2 image, which reaches to byte %d: %w", last, err)
	}
	return nil
}
