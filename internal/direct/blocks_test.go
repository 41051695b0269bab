package direct

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// medium is a device that reads as O_DIRECT does, and has a bad sector.
type medium struct {
	t     *testing.T
	bytes []byte
	bad   int64
	reads int
}

func (m *medium) ReadAt(p []byte, at int64) (int, error) {
	m.reads++
	if at%Block != 0 || len(p)%Block != 0 || uintptr(unsafe.Pointer(&p[0]))%Block != 0 {
		m.t.Errorf("%d bytes at %d are asked for", len(p), at)
	}
	if at <= m.bad && m.bad < at+int64(len(p)) {
		return 0, errors.New("bad sector")
	}
	n := copy(p, m.bytes[min(at, int64(len(m.bytes))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestBlocks(t *testing.T) {
	m := &medium{t: t, bytes: make([]byte, 3*unit+5*512), bad: -1}
	for i := range m.bytes {
		m.bytes[i] = byte(rand.Uint32())
	}
	r := Blocks(m, int64(len(m.bytes)))
	for range 500 {
		at, n := rand.IntN(len(m.bytes)), rand.IntN(70000)
		p := make([]byte, n)
		got, err := r.ReadAt(p, int64(at))
		if want := min(n, len(m.bytes)-at); got != want || (err != nil) != (want < n) || !bytes.Equal(p[:got], m.bytes[at:at+got]) {
			t.Fatalf("%d of %d bytes at %d, %v", got, n, at, err)
		}
	}
	if m.reads != 4 {
		t.Errorf("%d reads of 4 blocks", m.reads)
	}
	m.bad = unit + 1000
	r = Blocks(m, int64(len(m.bytes)))
	p := make([]byte, 512)
	if _, err := r.ReadAt(p, unit+Block); err != nil || !bytes.Equal(p, m.bytes[unit+Block:][:512]) {
		t.Errorf("beside a bad sector: %v", err)
	}
	if _, err := r.ReadAt(p, unit); err == nil {
		t.Error("a bad sector is read")
	}
}
