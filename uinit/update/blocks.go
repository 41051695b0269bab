package update

import (
	"errors"
	"io"

	"github.com/imgbuild/imgbuild/internal/direct"
)

// chunk is how much is written and read at once, in bytes.
const chunk = 1 << 20

// sequential reads a device that was opened with O_DIRECT from its start.
func sequential(f io.Reader) io.Reader { return &blocks{from: f, buffer: direct.Buffer(chunk)} }

// blocks reads whole chunks into memory as O_DIRECT wants them.
type blocks struct {
	from         io.Reader
	buffer, rest []byte
}

func (b *blocks) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		n, err := b.from.Read(b.buffer)
		if n <= 0 {
			return 0, errors.Join(err, onlyEOF(n, err))
		}
		b.rest = b.buffer[:n]
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func onlyEOF(n int, err error) error {
	if n == 0 && err == nil {
		return io.EOF
	}
	return nil
}
