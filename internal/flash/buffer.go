package flash

import (
	"context"
	"io"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/extent"
)

// buffers are aligned to pages, as direct access asks.
func buffers(count int) (free chan []byte, release func(), err error) {
	all, err := unix.Mmap(-1, 0, count*chunk, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, nil, err
	}
	free = make(chan []byte, count)
	for i := range count {
		free <- all[i*chunk : (i+1)*chunk : (i+1)*chunk]
	}
	return free, func() { _ = unix.Munmap(all) }, nil
}

func aligned(p []byte) bool {
	return len(p) == 0 || uintptr(unsafe.Pointer(unsafe.SliceData(p)))%directUnit == 0
}

// piece is a part of an image.
type piece struct {
	at  int64
	b   []byte
	err error
}

// pieces reads an image from a place to its end, ahead of who takes its pieces: reading
// and writing then happen side by side. Whoever has taken a piece gives its buffer
// back. The channel is closed behind the last piece, and when the context ends.
func pieces(ctx context.Context, image extent.Content, from int64, free chan []byte) <-chan piece {
	out := make(chan piece)
	go func() {
		defer close(out)
		for at := from; at < image.Size(); at += chunk {
			var b []byte
			select {
			case b = <-free:
			case <-ctx.Done():
				return
			}
			b = b[:min(chunk, image.Size()-at)]
			n, err := image.ReadAt(b, at)
			if n == len(b) {
				err = nil
			} else if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			select {
			case out <- piece{at, b, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
