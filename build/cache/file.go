package cache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// Entry is a finished entry of a cache. Its files are read through it: every byte that it gives
// is one that the index names.
type Entry struct {
	// Dir is its directory, an absolute path. What lies there is not to be believed; for the
	// files in it there are Open and Read, and Cache.Stream for what is below them.
	Dir       string
	kind, key string
	files     record
}

var (
	errMissing = errors.New("the index of the cache does not know it")
	errChanged = errors.New("its bytes are others than were put there")
)

func (e *Entry) damaged(name string, err error) error {
	return &DamageError{Kind: e.kind, Key: e.key, File: name, Err: err}
}

// File is an open file of an entry. ReadAt checks all that it returns; it may be called side by side.
type File struct {
	f       *os.File
	is      content
	damaged func(error) error

	mu   sync.Mutex
	last int64 // the number of the chunk in buf, -1 for none
	buf  []byte

	bad atomic.Pointer[error]
}

// Damage is the *DamageError that a read came upon, nil where none did: readers of formats tell of
// what they could not make of a file, and not always why.
func (f *File) Damage() error {
	if err := f.bad.Load(); err != nil {
		return *err
	}
	return nil
}

// Open opens a file of the entry. The error, here and of reading, is a *DamageError where the
// file is not what was put there.
func (e *Entry) Open(name string) (*File, error) {
	is, ok := e.files[name]
	damaged := func(err error) error { return e.damaged(name, err) }
	if !ok {
		return nil, damaged(errMissing)
	}
	f, size, err := openRegular(filepath.Join(e.Dir, name))
	if err != nil {
		return nil, damaged(err)
	}
	if size != is.size {
		f.Close()
		return nil, damaged(fmt.Errorf("it has %d bytes, and had %d when it was put there", size, is.size))
	}
	return &File{f: f, is: is, damaged: damaged, last: -1}, nil
}

// Read returns all of a file of the entry, checked as Open's File checks.
func (e *Entry) Read(name string) ([]byte, error) {
	f, err := e.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, f.Size())
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

// Text is Read for what is wanted as a string. It saves a copy of what may be some MB.
func (e *Entry) Text(name string) (string, error) {
	f, err := e.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var text strings.Builder
	text.Grow(int(f.Size()))
	buf := make([]byte, min(chunk, f.Size()))
	for at := int64(0); at < f.Size(); {
		n, err := f.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return "", err
		}
		text.Write(buf[:n])
		at += int64(n)
	}
	return text.String(), nil
}

// Check reads all files of the entry; the error is a *DamageError where one is not what was put there.
func (e *Entry) Check() error {
	for _, name := range sortedNames(e.files) {
		f, err := e.Open(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, io.NewSectionReader(f, 0, f.Size()))
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// Size is the file's length in bytes.
func (f *File) Size() int64 { return f.is.size }

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// Data lists the runs of the file that are not zeros, by offset of their first byte and of the one
// behind the last.
func (f *File) Data() (runs [][2]int64) {
	for i, sum := range f.is.sums {
		from := int64(i) * chunk
		to := min(from+chunk, f.is.size)
		switch n := len(runs); {
		case sum == zeroSum:
		case n > 0 && runs[n-1][1] == from:
			runs[n-1][1] = to
		default:
			runs = append(runs, [2]int64{from, to})
		}
	}
	return runs
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, fmt.Errorf("reading %s at %d, before its start", f.f.Name(), at)
	}
	for n < len(p) {
		if at >= f.is.size {
			return n, io.EOF
		}
		i := at / chunk
		length := min(chunk, f.is.size-i*chunk)
		if at == i*chunk && int64(len(p)-n) >= length {
			// Whole chunks go where they are wanted.
			if err := f.chunk(i, p[n:n+int(length)]); err != nil {
				return n, err
			}
			n, at = n+int(length), at+length
			continue
		}
		got, err := f.part(i, p[n:], at-i*chunk)
		if err != nil {
			return n, err
		}
		n, at = n+got, at+int64(got)
	}
	return n, nil
}

// part copies from inside a chunk. The last one is kept: who reads little by little reads on.
func (f *File) part(i int64, p []byte, from int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last != i {
		f.buf, f.last = append(f.buf[:0], make([]byte, min(chunk, f.is.size-i*chunk))...), -1
		if err := f.chunk(i, f.buf); err != nil {
			return 0, err
		}
		f.last = i
	}
	return copy(p, f.buf[from:]), nil
}

// chunk reads and checks a whole chunk.
func (f *File) chunk(i int64, b []byte) error {
	if f.is.sums[i] == zeroSum {
		clear(b)
		return nil
	}
	if n, err := f.f.ReadAt(b, i*chunk); n < len(b) {
		return f.fail(fmt.Errorf("reading %d bytes at %d: %w", len(b), i*chunk, err))
	}
	if sha256.Sum256(b) != f.is.sums[i] {
		clear(b)
		return f.fail(errChanged)
	}
	return nil
}

func (f *File) fail(err error) error {
	err = f.damaged(err)
	f.bad.Store(&err)
	return err
}
