package extent_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/imgbuild/imgbuild/build/extent"
)

func text(s string) extent.Content { return strings.NewReader(s) }

func all(t *testing.T, m extent.Content) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(m, 0, m.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGapsReadAsZero(t *testing.T) {
	inner := extent.New(6)
	inner.Place(1, text("in"))
	m := extent.New(16)
	m.Place(9, inner)
	m.Place(0, text("ab"))
	m.Place(2, text("cd"))
	m.Place(15, text("z"))
	m.Place(14, text(""))
	if got, want := string(all(t, m)), "abcd\x00\x00\x00\x00\x00\x00in\x00\x00\x00z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := iotest.TestReader(io.NewSectionReader(m, 0, m.Size()), all(t, m)); err != nil {
		t.Error(err)
	}
}

func TestSection(t *testing.T) {
	m := extent.New(12)
	m.Place(1, text("abc"))
	m.Place(4, text("def"))
	m.Place(9, text("gh"))
	for from := range int64(13) {
		for to := from; to <= 12; to++ {
			s := extent.Section(m, from, to-from)
			if got, want := string(all(t, s)), string(all(t, m)[from:to]); got != want || s.Size() != to-from {
				t.Errorf("%d to %d: got %q, want %q", from, to, got, want)
			}
		}
	}
	if got := extent.Section(m, 2, 8).(*extent.Image).Runs(); fmt.Sprint(got) != "[[0 2] [2 3] [7 1]]" {
		t.Errorf("it is made of %v", got)
	}
	if got := string(all(t, extent.Section(text("plain"), 1, 3))); got != "lai" {
		t.Errorf("of a plain content: %q", got)
	}
}

func TestReadAtAnyPlaceAgreesWithTheWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	m := extent.New(400)
	for at := int64(0); at < 380; at += random.Int64N(30) + 21 {
		m.Place(at, text(strings.Repeat("x", 1+int(random.Int64N(20)))))
	}
	whole := all(t, m)
	for from := range int64(400) {
		p := bytes.Repeat([]byte{'?'}, int(random.Int64N(60)))
		n, err := m.ReadAt(p, from)
		if want := whole[from:min(int(from)+len(p), 400)]; !bytes.Equal(p[:n], want) || (n < len(p)) != (err == io.EOF) {
			t.Fatalf("at %d: %q and %v, want %q", from, p[:n], err, want)
		}
	}
}

func TestPlacingOverSomethingIsABug(t *testing.T) {
	for _, at := range []int64{3, 4, 5, 6, 95, -1} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "BUG: placing") {
					t.Errorf("at %d: %s", at, got)
				}
			}()
			m := extent.New(100)
			m.Place(5, text("xx"))
			m.Place(94, text("yy"))
			m.Place(at, text("zzz"))
		}()
	}
}

func TestAContentCutShortIsNoticed(t *testing.T) {
	m := extent.New(10)
	m.Place(2, io.NewSectionReader(strings.NewReader("abc"), 0, 5))
	if _, err := m.ReadAt(make([]byte, 10), 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestBlocksAreThoseWithAByteOtherThanZero(t *testing.T) {
	m := extent.New(4 << 20)
	m.Place(10, text("a"))
	m.Place(600, text(strings.Repeat("\x00", 2000)+"b"))
	m.Place(3072, text("\x00"))
	m.Place(1<<20-1, text("cd"))
	m.Place(4<<20-1, text("e"))
	got := ""
	err := m.Blocks(512, func(number int64, block []byte) error {
		got += fmt.Sprint(number, ":", strings.Trim(string(block), "\x00"), " ")
		return nil
	})
	if want := "0:a 5:b 2047:c 2048:d 8191:e "; got != want || err != nil {
		t.Errorf("got %s and %v, want %s", got, err, want)
	}
	stop := errors.New("stop")
	if err := m.Blocks(512, func(int64, []byte) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
}

func TestASparseFileHoldsTheSameImage(t *testing.T) {
	m := extent.New(64<<20 + 100)
	m.Place(5<<20, text("middle"))
	m.Place(64<<20+90, text("the end"))
	f, err := os.Create(filepath.Join(t.TempDir(), "image"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := m.WriteSparse(f); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if allocated := info.Sys().(*syscall.Stat_t).Blocks * 512; info.Size() != m.Size() || allocated > 64<<10 {
		t.Errorf("%d bytes, %d of them allocated", info.Size(), allocated)
	}
	again, err := extent.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(all(t, again), all(t, m)) {
		t.Error("the file holds another image")
	}
	var composed, written []int64
	for image, list := range map[*extent.Image]*[]int64{m: &composed, again: &written} {
		if err := image.Blocks(512, func(number int64, _ []byte) error { *list = append(*list, number); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(composed) != fmt.Sprint(written) {
		t.Errorf("blocks %v composed, %v written", composed, written)
	}
}
