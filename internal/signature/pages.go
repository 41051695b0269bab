package signature

import (
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/internal/direct"
)

// pages reads a device in large pieces, and each of them once: a hundred probes look at the same few.
type pages struct {
	r      io.ReaderAt
	size   int64
	have   map[int64]page
	failed []error // one for each piece that cannot be read
}

type page struct {
	bytes []byte
	err   error
}

const pageSize = 64 << 10

func (p *pages) ReadAt(b []byte, offset int64) (done int, err error) {
	for done < len(b) {
		start := (offset + int64(done)) &^ (pageSize - 1)
		page := p.page(start)
		n := copy(b[done:], page.bytes[min(int64(len(page.bytes)), offset+int64(done)-start):])
		if done += n; n == 0 {
			if page.err == nil {
				page.err = io.EOF
			}
			return done, page.err
		}
	}
	return done, nil
}

func (p *pages) page(start int64) page {
	if known, ok := p.have[start]; ok {
		return known
	}
	if p.have == nil {
		p.have = map[int64]page{}
	}
	b := direct.Buffer(int(min(pageSize, max(p.size-start, 0))))
	var err error
	if n, failed := p.r.ReadAt(b, start); n < len(b) {
		err = fmt.Errorf("reading %d bytes at byte %d: %w", len(b), start, failed)
		p.failed = append(p.failed, err)
		b = nil
	}
	p.have[start] = page{b, err}
	return p.have[start]
}
