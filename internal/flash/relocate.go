package flash

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// Places in a GPT header (UEFI specification, table 5.5).
const (
	gptSignature = "EFI PART"
	gptLength    = 12
	gptSum       = 16
	gptSelf      = 24
	gptOther     = 32
	gptLastUse   = 48
	gptTable     = 72
	gptCount     = 80
	gptEach      = 84
	gptTableSum  = 88
	gptLeast     = 92
)

// relocate fits the partition table at an image's begin to a disk of so many sectors of
// 512 bytes. It changes the few fields that depend on the disk's size and leaves all
// else as it is, boot code, attributes and foreign fields among it. It returns the new
// begin and the backup for the disk's end; without a partition table neither.
func relocate(image io.ReaderAt, head []byte, sectors int64) (begin, backup []byte, err error) {
	le := binary.LittleEndian
	const mbrTable, mbrEntry, protective = 446, 16, 0xee
	if len(head) < 2*imageSector || string(head[imageSector:][:8]) != gptSignature {
		return nil, nil, nil
	}
	head = bytes.Clone(head)
	h := head[imageSector : 2*imageSector]
	length := le.Uint32(h[gptLength:])
	if length < gptLeast || length > imageSector || !sumHolds(h[:length]) {
		return nil, nil, errors.New("the checksum of its header is wrong")
	}
	table, size := int64(le.Uint64(h[gptTable:])), int64(le.Uint32(h[gptCount:]))*int64(le.Uint32(h[gptEach:]))
	if each := int64(le.Uint32(h[gptEach:])); each < 128 || size <= 0 || size > 1<<20 || table < 2 || table > int64(len(head))/imageSector {
		return nil, nil, fmt.Errorf("%d bytes of entries in sector %d", size, table)
	}
	entries := make([]byte, (size+imageSector-1)/imageSector*imageSector)
	if n, err := image.ReadAt(entries, table*imageSector); n < len(entries) {
		return nil, nil, err
	}
	if crc32.ChecksumIEEE(entries[:size]) != le.Uint32(h[gptTableSum:]) {
		return nil, nil, errors.New("the checksum of its entries is wrong")
	}
	last := sectors - 1
	backupTable := last - int64(len(entries))/imageSector
	for e := entries[:size]; len(e) > 0; e = e[le.Uint32(h[gptEach:]):] {
		if end := le.Uint64(e[40:]); !bytes.Equal(e[:16], make([]byte, 16)) && end >= uint64(backupTable) {
			return nil, nil, fmt.Errorf("a partition reaches to sector %d, where the disk has room up to %d", end, backupTable-1)
		}
	}

	// The protective entry covers the disk. An MBR with more to tell is left alone,
	// but for that entry's end.
	for i := range 4 {
		if e := head[mbrTable+i*mbrEntry:][:mbrEntry]; e[4] == protective && le.Uint32(e[8:]) == 1 {
			le.PutUint32(e[12:], uint32(min(sectors-1, math.MaxUint32)))
		}
	}
	le.PutUint64(h[gptOther:], uint64(last))
	le.PutUint64(h[gptLastUse:], uint64(backupTable-1))
	setSum(h[:length])
	twin := bytes.Clone(h)
	le.PutUint64(twin[gptSelf:], uint64(last))
	le.PutUint64(twin[gptOther:], 1)
	le.PutUint64(twin[gptTable:], uint64(backupTable))
	setSum(twin[:length])
	return head, append(entries, twin...), nil
}

func sumHolds(header []byte) bool {
	b := bytes.Clone(header)
	setSum(b)
	return bytes.Equal(b, header)
}

func setSum(header []byte) {
	clear(header[gptSum : gptSum+4])
	binary.LittleEndian.PutUint32(header[gptSum:], crc32.ChecksumIEEE(header))
}
