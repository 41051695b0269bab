package oci

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// window bounds what zstd keeps in memory, in bytes; its own tool refuses more without being asked.
const window = 128 << 20

// plain reads a layer unpacked, by what its first bytes say of its compression.
func plain(r io.Reader) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, 256<<10)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzip.NewReader(in)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderMaxWindow(window), zstd.WithDecoderConcurrency(2))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(in), nil
}

// unpack writes a layer unpacked, and fails where that is another than its id says. Reading goes on while what was read is
// written and hashed.
func (l layer) unpack(ctx context.Context, w io.Writer, limit int64, read func(n int64)) error {
	stored, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer stored.Close()
	z, err := plain(counted{ctx, stored, read})
	if err != nil {
		return fmt.Errorf("unpacking the layer %s: %w", l.id, err)
	}
	defer z.Close()
	sum := sha256.New()
	n, err := ahead(io.MultiWriter(sum, w), io.LimitReader(z, limit+1))
	switch {
	case n > limit:
		return fmt.Errorf("the layer %s has more than %d bytes unpacked, which is as much as one may have", l.id, limit)
	case err != nil:
		return fmt.Errorf("unpacking the layer %s: %w", l.id, err)
	}
	if err := drained(stored); err != nil {
		return fmt.Errorf("unpacking the layer %s: %w", l.id, err)
	}
	if is := "sha256:" + hex.EncodeToString(sum.Sum(nil)); is != string(l.id) {
		return fmt.Errorf("a layer is %s unpacked, and the image's configuration says %s", is, l.id)
	}
	return nil
}

// drained reads what follows the last that was unpacked, so that the whole of a blob is compared with its digest.
func drained(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20))
	if err == nil && n == 1<<20 {
		return errors.New("more than a MiB follows its end")
	}
	return err
}

// counted tells of what is read, and ends with ctx.
type counted struct {
	ctx  context.Context
	r    io.Reader
	read func(n int64)
}

func (c counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.read(int64(n))
	return n, err
}

// ahead copies like io.Copy, with up to four buffers between a reader and a writer that both take time.
func ahead(w io.Writer, r io.Reader) (n int64, err error) {
	full, empty := make(chan []byte, 4), make(chan []byte, 4)
	for range cap(empty) {
		empty <- make([]byte, 1<<20)
	}
	var failed error
	var reading sync.WaitGroup
	stop := make(chan struct{})
	reading.Go(func() {
		defer close(full)
		for {
			var b []byte // an empty one
			select {
			case b = <-empty:
			case <-stop:
				return
			}
			b, err := filled(r, b[:0])
			if len(b) > 0 {
				full <- b
			}
			if err != nil {
				if err != io.EOF {
					failed = err
				}
				return
			}
		}
	})
	for b := range full {
		var wrote int
		if wrote, err = w.Write(b); err != nil {
			break
		}
		n += int64(wrote)
		empty <- b
	}
	close(stop)
	for range full { // what was read in vain
	}
	reading.Wait()
	return n, errors.Join(err, failed)
}

// filled reads until a buffer is full. io.ReadFull would not tell the end of what is read from one that came too soon.
func filled(r io.Reader, b []byte) ([]byte, error) {
	for len(b) < cap(b) {
		n, err := r.Read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; err != nil {
			return b, err
		}
	}
	return b, nil
}
