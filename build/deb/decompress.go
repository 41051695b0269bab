package deb

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

// decompress reads the data.tar of a package by the suffixes that deb(5) knows.
func decompress(r *io.SectionReader, name string) (io.ReadCloser, error) {
	switch name {
	case "data.tar":
		return io.NopCloser(r), nil
	case "data.tar.gz":
		return gzip.NewReader(bufio.NewReader(r))
	case "data.tar.xz":
		return newXZ(r)
	case "data.tar.zst":
		// dpkg -Zzstd -z19 and above use long windows; this is the bound of zstd(1).
		d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case "data.tar.bz2":
		return io.NopCloser(bzip2.NewReader(bufio.NewReader(r))), nil
	case "data.tar.lzma":
		d, err := lzma.NewReader(bufio.NewReader(r))
		return io.NopCloser(d), err
	}
	return nil, fmt.Errorf("unknown compression of %q", name)
}
