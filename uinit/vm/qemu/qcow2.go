package qemu

import (
	"encoding/binary"
	"io"
)

// writeQcow2 writes an empty disk of so many bytes (docs/interop/qcow2.txt in QEMU's source, version 3).
// Clusters of 64 KiB: the header, the refcount table, one refcount block and the table of level 1, for
// which the block's 32768 counts are more than enough: 2 TiB have a table of four clusters.
func writeQcow2(w io.WriterAt, size int64) error {
	const (
		bits    = 16
		cluster = 1 << bits
		// What one entry of the table of level 1 covers: a table of level 2, of 8 bytes a cluster.
		covered = cluster / 8 * cluster
	)
	entries := (size + covered - 1) / covered
	tables := (entries*8 + cluster - 1) / cluster
	be := binary.BigEndian
	header := make([]byte, 104)
	copy(header, "QFI\xfb")
	be.PutUint32(header[4:], 3)
	be.PutUint32(header[20:], bits)
	be.PutUint64(header[24:], uint64(size))
	be.PutUint32(header[36:], uint32(entries))
	be.PutUint64(header[40:], 3*cluster) // the table of level 1
	be.PutUint64(header[48:], 1*cluster) // the refcount table
	be.PutUint32(header[56:], 1)         // its clusters
	be.PutUint32(header[96:], 4)         // counts of 1<<4 bits
	be.PutUint32(header[100:], uint32(len(header)))
	counts := make([]byte, 2*(3+tables))
	for i := 0; i < len(counts); i += 2 {
		counts[i+1] = 1
	}
	block := make([]byte, 8)
	be.PutUint64(block, 2*cluster)
	for _, part := range []struct {
		at int64
		b  []byte
	}{{0, header}, {cluster, block}, {2 * cluster, counts}, {3 * cluster, make([]byte, tables*cluster)}} {
		if _, err := w.WriteAt(part.b, part.at); err != nil {
			return err
		}
	}
	return nil
}
