package deb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"

	"github.com/ulikunitz/xz"
)

// newXZ decompresses an .xz file. One of several blocks, as threaded xz writes
// large packages, is decoded on several processors: each block does not depend on
// the others, and the index at the end says where they are. Format:
// https://tukaani.org/xz/xz-file-format.txt.
func newXZ(r *io.SectionReader) (io.ReadCloser, error) {
	flags, blocks, err := xzIndex(r)
	if err != nil || len(blocks) < 2 || runtime.GOMAXPROCS(0) < 2 {
		// Several streams or padding, or broken: the decoder knows.
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		d, err := xz.NewReader(bufio.NewReader(r))
		return io.NopCloser(d), err
	}
	return decodeBlocks(r, flags, blocks), nil
}

// xzBlock is where a block lies, in bytes.
type xzBlock struct {
	offset, unpadded, size int64
}

func (b xzBlock) padded() int64 { return (b.unpadded + 3) &^ 3 }

const (
	xzHeader = 12 // bytes of a stream's header, and of its footer
	// maxBlock bounds what a block may decode to: all of it is held in memory.
	maxBlock = 64 << 20
)

var errXZ = errors.New("not a single xz stream with an index")

// xzIndex reads the index of a file that consists of one stream.
func xzIndex(r *io.SectionReader) (flags [2]byte, blocks []xzBlock, err error) {
	var head, foot [xzHeader]byte
	if r.Size() < 2*xzHeader {
		return flags, nil, errXZ
	}
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return flags, nil, err
	}
	if _, err := r.ReadAt(foot[:], r.Size()-xzHeader); err != nil {
		return flags, nil, err
	}
	copy(flags[:], head[6:8])
	if string(head[:6]) != "\xfd7zXZ\x00" || string(foot[10:]) != "YZ" || !bytes.Equal(foot[8:10], flags[:]) {
		return flags, nil, errXZ
	}
	size := (int64(binary.LittleEndian.Uint32(foot[4:8])) + 1) * 4
	start := r.Size() - xzHeader - size
	if start < xzHeader || size < 8 || size > 1<<20 {
		return flags, nil, errXZ
	}
	index := make([]byte, size)
	if _, err := r.ReadAt(index, start); err != nil {
		return flags, nil, err
	}
	blocks, err = parseXZIndex(index, start)
	return flags, blocks, err
}

// parseXZIndex reads the records of an index which lies at byte start.
func parseXZIndex(index []byte, start int64) ([]xzBlock, error) {
	if index[0] != 0 {
		return nil, errXZ
	}
	rest := index[1 : len(index)-4]
	number := func() (int64, bool) {
		n, used := binary.Uvarint(rest)
		if used <= 0 || n > 1<<40 {
			return 0, false
		}
		rest = rest[used:]
		return int64(n), true
	}
	count, ok := number()
	if !ok || count > int64(len(index)) {
		return nil, errXZ
	}
	blocks := make([]xzBlock, 0, count)
	at := int64(xzHeader)
	for range count {
		unpadded, ok1 := number()
		size, ok2 := number()
		if !ok1 || !ok2 || size > maxBlock {
			return nil, errXZ
		}
		b := xzBlock{at, unpadded, size}
		blocks = append(blocks, b)
		at += b.padded()
	}
	if at != start {
		return nil, errXZ
	}
	return blocks, nil
}

// decodeBlock makes a stream of the block alone, so that the decoder checks its sum.
func decodeBlock(r io.ReaderAt, flags [2]byte, b xzBlock) ([]byte, error) {
	// In memory, for the decoder reads byte by byte.
	stream := make([]byte, xzHeader+b.padded(), xzHeader+b.padded()+64)
	head := append(append(stream[:0], "\xfd7zXZ\x00"...), flags[:]...)
	binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE(flags[:]))
	if _, err := r.ReadAt(stream[xzHeader:], b.offset); err != nil {
		return nil, fmt.Errorf("reading the block at byte %d: %w", b.offset, err)
	}

	index := binary.AppendUvarint([]byte{0, 1}, uint64(b.unpadded))
	index = binary.AppendUvarint(index, uint64(b.size))
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	index = binary.LittleEndian.AppendUint32(index, crc32.ChecksumIEEE(index))

	foot := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags[:]...)
	stream = append(stream, index...)
	stream = binary.LittleEndian.AppendUint32(stream, crc32.ChecksumIEEE(foot))
	stream = append(append(stream, foot...), "YZ"...)

	d, err := xz.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil, err
	}
	data := make([]byte, b.size)
	if _, err := io.ReadFull(d, data); err != nil {
		return nil, fmt.Errorf("decoding the block at byte %d: %w", b.offset, err)
	}
	// Only at its end does the decoder compare the sum.
	if n, err := d.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, fmt.Errorf("decoding the block at byte %d: it does not end where the index says (%v)", b.offset, err)
	}
	return data, nil
}
