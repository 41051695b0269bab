package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// What is missing is an error of its own, and never the end that a reader stops at.
func TestRead(t *testing.T) {
	file := strings.NewReader("0123456789")
	for at, want := range map[int64]error{0: nil, 6: nil, 7: io.ErrUnexpectedEOF, 10: io.ErrUnexpectedEOF, 11: io.ErrUnexpectedEOF} {
		if err := Read(file, make([]byte, 4), at); err != want {
			t.Errorf("at %d: %v, want %v", at, err, want)
		}
	}
	if err := Read(file, nil, 10); err != nil {
		t.Errorf("nothing: %v", err)
	}
}

// Each piece is asked for what is wanted of it, and for no more.
func TestStored(t *testing.T) {
	disk := []byte("0123456789")
	damage := errors.New("damaged")
	for _, c := range []struct {
		offset, length int64
		asked          string
		err            error
	}{
		{0, 4, "0+0:4 ", nil}, {2, 1, "0+2:1 ", nil}, {3, 3, "0+3:1 1+0:2 ", nil}, {6, 4, "1+2:2 2+0:2 ", nil},
		{8, 4, "2+0:2 ", io.EOF}, {10, 1, "", io.EOF}, {0, 0, "", nil},
	} {
		var asked strings.Builder
		p := make([]byte, c.length)
		n, err := Stored{What: "a box", Size: 10, Piece: 4}.ReadAt(p, c.offset, func(p []byte, number, within int64) error {
			fmt.Fprintf(&asked, "%d+%d:%d ", number, within, len(p))
			copy(p, disk[4*number+within:])
			return nil
		})
		if asked.String() != c.asked || err != c.err || !bytes.Equal(p[:n], disk[c.offset:min(c.offset+c.length, 10)]) {
			t.Errorf("%d bytes at %d: asked for %q, got %q, %v", c.length, c.offset, &asked, p[:n], err)
		}
	}
	n, err := Stored{What: "a box", Size: 10, Piece: 4}.ReadAt(make([]byte, 10), 1, func(_ []byte, number, _ int64) error {
		return map[int64]error{1: damage}[number]
	})
	if n != 3 || !errors.Is(err, damage) || err.Error() != "reading a box, byte 4 of the disk: damaged" {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := (Stored{Size: 10, Piece: 4}).ReadAt(make([]byte, 1), -1, nil); err == nil {
		t.Error("before the disk's start something is read")
	}
}
