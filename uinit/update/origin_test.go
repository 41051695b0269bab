package update

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// spoken is a program that fetches as the init hears it.
func spoken(says string) origin {
	return &remote{talk: &talk{ReadWriter: struct {
		io.Reader
		io.Writer
	}{strings.NewReader(says), io.Discard}, in: bufio.NewReader(strings.NewReader(says))}, url: "https://h/x.update", waits: func(string) {}}
}

// A server may have anything under the name of an update, also less than the sector that one begins with.
func TestShortSource(t *testing.T) {
	for _, size := range []int{0, 1, 134, 135, 511} {
		says := fmt.Sprintf("size %d\nend\n", size)
		if size > 0 {
			says = fmt.Sprintf("size %d\ndata %d\n%send\n", size, size, strings.Repeat("x", size))
		}
		b := newBox(t)
		want := fmt.Sprintf("ends after %d bytes", size)
		if _, err := b.look(t.Context(), spoken(says)); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
