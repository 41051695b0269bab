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
	if r.Err() == nil {
		t.Error("nobody knows of the bad sector")
	}
	for range 2 {
		if _, err := r.ReadAt(p, unit); err == nil {
			t.Error("a bad sector is read")
		}
	}
	// A bad disk takes its time for each read that fails.
	if before := m.reads; r.Err().Error() != "reading 65536 bytes at byte 65536: bad sector" || before != 7 {
		t.Errorf("%d reads: %v", before, r.Err())
	}
}

// What lies behind the device's end is not of it.
func TestBlocksEnd(t *testing.T) {
	m := &medium{t: t, bytes: make([]byte, 2*unit), bad: -1}
	for _, size := range []int64{0, 1, 512, unit - 1, unit, unit + 512} {
		p := make([]byte, 2*unit)
		if n, err := Blocks(m, size).ReadAt(p, 0); int64(n) != size || !errors.Is(err, io.EOF) {
			t.Errorf("of %d bytes %d were read, %v", size, n, err)
		}
	}
}
