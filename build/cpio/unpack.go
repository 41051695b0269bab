package cpio

import (
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// maxWindow bounds what a decompressor keeps to look back, in bytes, whatever the
// stream's header asks for. It is the kernel's own bound for zstd
// (lib/decompress_unzstd.c).
const maxWindow = 128 << 20

// unpack starts reading the compressed segment that begins at the file's position.
// The segment's reader ends where the segment does and takes no byte more, but for
// bzip2, which has to be the last.
func (r *Reader) unpack(c Compression) (*layer, error) {
	in, closer, err := decoder(r.file, c)
	if err != nil {
		return nil, fmt.Errorf("starting to unpack %s: %w", c, noEOF(err))
	}
	l := newLayer(&bounded{in, &r.budget, r.limit})
	l.close = closer
	return l, nil
}

func decoder(file *layer, c Compression) (in io.Reader, closer func(), err error) {
	closer = func() {}
	switch c {
	case Zstd:
		frame := &pieces{in: file, next: zstdPieces(file)}
		d, err := zstd.NewReader(frame, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return &framed{d, frame}, d.Close, nil
	case XZ:
		stream := &pieces{in: file, next: xzPieces(file)}
		d, err := xz.ReaderConfig{SingleStream: true}.NewReader(stream)
		return &framed{d, stream}, closer, err
	case Gzip:
		z, err := gzip.NewReader(file)
		if err != nil {
			return nil, nil, err
		}
		z.Multistream(false)
		return z, closer, nil
	case LZ4:
		in, err = newLZ4(file)
	case LZO:
		in, err = newLZO(file)
	case Bzip2:
		in = bzip2.NewReader(file)
	case LZMA:
		in, err = lzma.ReaderConfig{DictCap: maxWindow}.NewReader(file)
	default:
		err = fmt.Errorf("no decompressor")
	}
	return in, closer, err
}

// framed reads a decompressor over pieces. Its end counts only when it is the
// frame's: a decompressor may take a cut in the first bytes for an end.
type framed struct {
	decompressor io.Reader
	frame        *pieces
}

func (f *framed) Read(b []byte) (int, error) {
	n, err := f.decompressor.Read(b)
	if err == io.EOF {
		if _, rest := io.Copy(io.Discard, f.frame); rest != nil {
			err = rest
		}
	}
	return n, err
}

// noEOF keeps an end in the middle of something from being taken for the end.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// pieces reads one compressed frame and stops at its end. Decompressors like to
// read ahead, or to insist that nothing follows; so the frame's structure is followed
// here, piece by piece. next returns the length of the piece at the input's position,
// headers included, or io.EOF behind the last one.
type pieces struct {
	in   *layer
	next func() (int64, error)
	left int64
	err  error
}

func (p *pieces) Read(b []byte) (int, error) {
	for p.left == 0 && p.err == nil {
		p.left, p.err = p.next()
	}
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.in.Read(b[:min(int64(len(b)), p.left)])
	p.left -= int64(n)
	return n, noEOF(err)
}

// need peeks at n bytes that must be there.
func (l *layer) need(n int) ([]byte, error) {
	b, err := l.peek(n)
	return b, noEOF(err)
}
