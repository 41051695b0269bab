package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Stream opens a file whose size in bytes and SHA-256 in hex somebody vouches for, for reading from
// the first byte to the last. Where it is another, the read of its last byte is an error: a *DamageError
// of a file in the cache. What was read until then must not be used.
func (c *Cache) Stream(path string, size int64, sum string) (io.ReadCloser, error) {
	f, now, err := openRegular(path)
	if err != nil {
		return nil, c.blame(path, err)
	}
	if now != size {
		f.Close()
		return nil, c.blame(path, fmt.Errorf("it has %d bytes, and should have %d", now, size))
	}
	s := &stream{f: f, left: size, hash: sha256.New(), sum: sum, blame: func(err error) error { return c.blame(path, err) }}
	if size == 0 {
		if err := s.check(); err != nil {
			f.Close()
			return nil, err
		}
	}
	return s, nil
}

// blame gives an error of a file of an entry the entry's name.
func (c *Cache) blame(path string, err error) error {
	rel, relErr := filepath.Rel(filepath.Join(c.dir, "entry"), path)
	parts := strings.SplitN(rel, string(filepath.Separator), 3)
	if relErr != nil || len(parts) < 3 || parts[0] == ".." {
		if errors.Is(err, errChanged) {
			return fmt.Errorf("reading %s: it changed since the build began", path)
		}
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return &DamageError{Kind: parts[0], Key: parts[1], File: parts[2], Err: err}
}

type stream struct {
	f     *os.File
	left  int64
	hash  hash.Hash
	sum   string
	blame func(error) error
}

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.f.Read(p[:min(int64(len(p)), s.left)])
	s.hash.Write(p[:n])
	s.left -= int64(n)
	switch {
	case s.left == 0 && n > 0:
		return n, s.check()
	case err == io.EOF:
		return n, s.blame(io.ErrUnexpectedEOF)
	case err != nil:
		return n, s.blame(err)
	}
	return n, nil
}

func (s *stream) check() error {
	if hex.EncodeToString(s.hash.Sum(nil)) != s.sum {
		return s.blame(errChanged)
	}
	return nil
}

func (s *stream) Close() error { return s.f.Close() }
