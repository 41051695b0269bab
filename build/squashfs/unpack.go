package squashfs

import (
	"bytes"
	"fmt"
	"io"

	"github.com/anchore/go-lzo"
	"github.com/imgbuild/imgbuild/build/foreign"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// unpacker keeps decompressors whose making costs more than their work.
type unpacker struct {
	zlib io.ReadCloser
	zstd *zstd.Decoder
}

// unpack decompresses a block that has at most so many bytes.
func (r *Reader) unpack(packed []byte, most int) ([]byte, error) {
	var in io.Reader
	var err error
	switch r.Superblock.Compressor {
	case "zstd":
		if r.unpacker.zstd == nil {
			if r.unpacker.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxBlock)); err != nil {
				return nil, err
			}
		}
		b, err := r.unpacker.zstd.DecodeAll(packed, make([]byte, 0, most))
		if err == nil && len(b) > most {
			err = tooLong(most)
		}
		return b, err
	case "lz4":
		b := make([]byte, most)
		n, err := lz4.UncompressBlock(packed, b)
		return b[:max(n, 0)], err
	case "lzo":
		b := make([]byte, most)
		n, err := lzo.Decompress(packed, b)
		return b[:n], err
	case "gzip":
		if r.unpacker.zlib == nil {
			r.unpacker.zlib, err = zlib.NewReader(bytes.NewReader(packed))
		} else {
			err = r.unpacker.zlib.(zlib.Resetter).Reset(bytes.NewReader(packed), nil)
		}
		in = r.unpacker.zlib
	case "xz":
		in, err = xz.ReaderConfig{DictCap: maxBlock, SingleStream: true}.NewReader(bytes.NewReader(packed))
	case "lzma":
		in, err = lzma.ReaderConfig{DictCap: maxBlock}.NewReader(bytes.NewReader(packed))
	}
	if err != nil {
		return nil, foreign.NoEOF(err)
	}
	b, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
	if err == nil && len(b) > most {
		err = tooLong(most)
	}
	return b, foreign.NoEOF(err)
}

func tooLong(most int) error { return fmt.Errorf("it holds more than %d bytes", most) }
