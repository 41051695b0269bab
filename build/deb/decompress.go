package deb

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

// decompress reads the data.tar or control.tar of a package by the suffixes that deb(5) knows.
func decompress(r *io.SectionReader, name string) (io.ReadCloser, error) {
	_, form, _ := strings.Cut(name, ".tar")
	switch form {
	case "":
		return io.NopCloser(r), nil
	case ".gz":
		return gzip.NewReader(bufio.NewReader(r))
	case ".xz":
		return newXZ(r)
	case ".zst":
		// dpkg -Zzstd -z19 and above use long windows; this is the bound of zstd(1).
		d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case ".bz2":
		return io.NopCloser(bzip2.NewReader(bufio.NewReader(r))), nil
	case ".lzma":
		d, err := lzma.NewReader(bufio.NewReader(r))
		return io.NopCloser(d), err
	}
	return nil, fmt.Errorf("unknown compression of %q", name)
}
