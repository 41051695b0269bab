package gptedit

import "bytes"

// Piece is a part of a table and where it lies on the disk, in bytes.
type Piece struct {
	Offset int64
	Bytes  []byte
}

// Start gives what lies at the disk's start: MBR and header, and the entries.
func (t *Table) Start() []Piece {
	head := append(bytes.Clone(t.mbr), t.header...)
	table := int64(le.Uint64(t.header[atTable:]))
	if table == 2 { // one piece, so that it is one write
		return []Piece{{0, append(head, t.entries...)}}
	}
	return []Piece{{table * Sector, t.entries}, {0, head}}
}

// Backup gives what lies at the disk's end, entries and header: up to its last sector.
func (t *Table) Backup() Piece {
	last := int64(le.Uint64(t.header[atOther:]))
	table := last - int64(len(t.entries))/Sector
	twin := &Table{header: bytes.Clone(t.header)}
	twin.swap(last, table, 1)
	return Piece{table * Sector, append(bytes.Clone(t.entries), twin.header...)}
}
