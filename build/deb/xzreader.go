package deb

import (
	"bytes"
	"io"
	"runtime"
)

// blockReader gives the decoded blocks in their order.
type blockReader struct {
	// coming holds a place for each block that is being decoded, in order.
	coming chan chan decoded
	stop   chan struct{}
	now    *bytes.Reader
	err    error
}

type decoded struct {
	data []byte
	err  error
}

// decodeBlocks starts decoding. At most as many blocks as there are processors, and
// no more than four, are in memory besides the one that is being read.
func decodeBlocks(r io.ReaderAt, flags [2]byte, blocks []xzBlock) *blockReader {
	b := &blockReader{
		coming: make(chan chan decoded, min(runtime.GOMAXPROCS(0), 4)-1),
		stop:   make(chan struct{}),
		now:    bytes.NewReader(nil),
	}
	go func() {
		defer close(b.coming)
		for _, block := range blocks {
			place := make(chan decoded, 1)
			select {
			case b.coming <- place:
			case <-b.stop:
				return
			}
			go func() {
				data, err := decodeBlock(r, flags, block)
				place <- decoded{data, err}
			}()
		}
	}()
	return b
}

func (b *blockReader) Read(p []byte) (int, error) {
	for b.err == nil && b.now.Len() == 0 {
		place, more := <-b.coming
		if !more {
			b.err = io.EOF
			break
		}
		next := <-place
		b.now, b.err = bytes.NewReader(next.data), next.err
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.now.Read(p)
}

// Close lets what is being decoded come to nothing.
func (b *blockReader) Close() error {
	close(b.stop)
	return nil
}
