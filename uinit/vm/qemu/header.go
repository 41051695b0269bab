package qemu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Parts of a header of qcow2, and its extensions (docs/interop/qcow2.txt in QEMU's source). The incompatible features that are
// accepted say something of the file itself: not closed properly, damaged, how it is compressed, subclusters.
const (
	headerV2, headerV3 = 72, 104
	smallest, largest  = 9, 21 // clusters, as powers of two

	dirtyBit, corruptBit, dataFileBit, compressionBit, subclusterBit = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4

	endOfExtensions   = 0
	backingFormatName = 0xe2792aca
	dataFileName      = 0x44415441
)

// checkHeader refuses a disk of qcow2 whose header names another file, which QEMU would open with it: whoever wrote the disk
// would choose what of the host the guest gets to see. A guest cannot write the header, but those who can write the
// file can, so it is looked at with each start.
func checkHeader(r io.ReaderAt) error {
	h := make([]byte, 1<<largest)
	n, err := r.ReadAt(h, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading its header: %w", err)
	}
	h = h[:n]
	be := binary.BigEndian
	if len(h) < headerV2 || string(h[:4]) != "QFI\xfb" {
		return errors.New(`it is not of format "qcow2"`)
	}
	version, bits := be.Uint32(h[4:]), be.Uint32(h[20:])
	if version != 2 && version != 3 || bits < smallest || bits > largest {
		return fmt.Errorf("its header says version %d and clusters of 2^%d bytes; accepted: versions 2 and 3, 2^%d to 2^%d", version, bits, smallest, largest)
	}
	if be.Uint64(h[8:]) != 0 || be.Uint32(h[16:]) != 0 {
		return errors.New("its header names a backing file; accepted: a disk that stands alone, as \"qemu-img convert -O qcow2\" makes it")
	}
	at := uint64(headerV2)
	if version == 3 {
		if len(h) < headerV3 {
			return errors.New("its header is cut off")
		}
		features := be.Uint64(h[72:])
		if features&dataFileBit != 0 {
			return errors.New("its header says that the data lies in another file; accepted: a disk that stands alone, as \"qemu-img convert -O qcow2\" makes it")
		}
		if unknown := features &^ (dirtyBit | corruptBit | compressionBit | subclusterBit); unknown != 0 {
			return fmt.Errorf("its header has incompatible features %#x that are not known", unknown)
		}
		at = uint64(be.Uint32(h[100:]))
	}
	return checkExtensions(h[:min(len(h), 1<<bits)], at)
}

// checkExtensions looks at what follows the header within its cluster.
func checkExtensions(h []byte, at uint64) error {
	for {
		if at < headerV2 || at+8 > uint64(len(h)) {
			return errors.New("its header is cut off")
		}
		kind, size := binary.BigEndian.Uint32(h[at:]), uint64(binary.BigEndian.Uint32(h[at+4:]))
		switch kind {
		case endOfExtensions:
			return nil
		case backingFormatName, dataFileName:
			return errors.New("its header names another file, or that file's format; accepted: a disk that stands alone, as \"qemu-img convert -O qcow2\" makes it")
		}
		at += 8 + (size+7)&^7
	}
}
