package update

import (
	"crypto/sha256"
	"encoding/hex"
)

// sum is the SHA-256 of what is written to it, made beside the writing: on a fast disk the one takes as long as the other.
type sum struct {
	work, free chan []byte
	done       chan string
}

// sumBuffers are so many of so many bytes.
const sumBuffers, sumBuffer = 4, 64 << 10

func newSum() *sum {
	s := &sum{make(chan []byte, sumBuffers), make(chan []byte, sumBuffers), make(chan string, 1)}
	for range sumBuffers {
		s.free <- make([]byte, sumBuffer)
	}
	go func() {
		h := sha256.New()
		for b := range s.work {
			h.Write(b)
			s.free <- b[:sumBuffer]
		}
		s.done <- hex.EncodeToString(h.Sum(nil))
	}()
	return s
}

// Write implements io.Writer.
func (s *sum) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		b := <-s.free
		n := copy(b, rest)
		rest = rest[n:]
		s.work <- b[:n]
	}
	return len(p), nil
}

// hex ends it, and returns the sum.
func (s *sum) hex() string {
	close(s.work)
	return <-s.done
}
