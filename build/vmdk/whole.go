package vmdk

import (
	"fmt"

	"github.com/imgbuild/imgbuild/build/foreign"
)

// Whole tells whether all grains that the tables name lie in the file: nil, or what is missing. It
// reads the tables, and a byte of the grain that lies last.
func (d *Disk) Whole() error {
	last := int64(0)
	table := make([]byte, 4*d.perTable)
	for i := range int64(len(d.directory) / 4) {
		at := int64(le.Uint32(d.directory[4*i:]))
		if at == 0 {
			continue
		}
		if err := foreign.Read(d.file, table, at*sector); err != nil {
			return fmt.Errorf("reading a VMDK, a table at sector %d: %w", at, err)
		}
		for j := range d.perTable {
			grain, left := int64(le.Uint32(table[4*j:])), d.size-(i*d.perTable+j)*d.grain
			if grain > zeroGrain && left > 0 {
				last = max(last, grain*sector+min(left, d.grain)-1)
			}
		}
	}
	if last == 0 {
		return nil
	}
	if err := foreign.Read(d.file, make([]byte, 1), last); err != nil {
		return fmt.Errorf("reading a VMDK, which reaches to byte %d: %w", last, err)
	}
	return nil
}
