package squashfs

import (
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/foreign"
)

const (
	metadataBlock = 8 << 10 // bytes, unpacked
	plainMetadata = 1 << 15 // in a block's header: it is not compressed
	// keptBlocks bounds the blocks that are kept unpacked.
	keptBlocks = 512
)

// block is an unpacked metadata block and where the next one begins.
type block struct {
	content []byte
	next    int64
}

// metadata reads the block at a place in the file.
func (r *Reader) metadata(at int64) (block, error) {
	if b, ok := r.blocks[at]; ok {
		return b, nil
	}
	var head [2]byte
	if err := foreign.Read(r.file, head[:], at); err != nil {
		return block{}, err
	}
	header := le.Uint16(head[:])
	size := int(header &^ plainMetadata)
	if size == 0 || size > metadataBlock {
		return block{}, fmt.Errorf("a metadata block of %d bytes at byte %d", size, at)
	}
	content := make([]byte, size)
	if err := foreign.Read(r.file, content, at+2); err != nil {
		return block{}, err
	}
	if header&plainMetadata == 0 {
		var err error
		if content, err = r.unpack(content, metadataBlock); err != nil {
			return block{}, fmt.Errorf("unpacking the metadata block at byte %d: %w", at, err)
		}
	}
	if len(r.blocks) >= keptBlocks {
		clear(r.blocks)
	}
	b := block{content, at + 2 + int64(size)}
	r.blocks[at] = b
	return b, nil
}

// stream reads metadata from a place on, block after block.
type stream struct {
	r      *Reader
	at     int64
	within int
}

// stream starts in a table, at a reference: the block's place in the table in the
// upper bits, the place in the unpacked block in the lower 16.
func (r *Reader) stream(table int64, reference uint64) *stream {
	return &stream{r, table + int64(reference>>16&(1<<47-1)), int(reference & 0xffff)}
}

func (s *stream) Read(p []byte) (int, error) {
	b, err := s.r.metadata(s.at)
	if err != nil {
		return 0, err
	}
	if s.within > len(b.content) {
		return 0, fmt.Errorf("byte %d of a metadata block of %d", s.within, len(b.content))
	}
	n := copy(p, b.content[s.within:])
	if s.within += n; s.within == len(b.content) {
		s.at, s.within = b.next, 0
		if len(b.content) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	return n, nil
}

// take reads so many bytes.
func (s *stream) take(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(s, b)
	return b, foreign.NoEOF(err)
}

// lookup reads entry number index of a table whose blocks are listed at a place in
// the file.
func (r *Reader) lookup(list int64, index, size int) ([]byte, error) {
	perBlock := metadataBlock / size
	var place [8]byte
	if err := foreign.Read(r.file, place[:], list+8*int64(index/perBlock)); err != nil {
		return nil, err
	}
	return (&stream{r, int64(le.Uint64(place[:])), index % perBlock * size}).take(size)
}
