package blank

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/signature"
)

// holding is a device of zeros but for one byte.
func holding(byteAt int64) reader {
	return func(b []byte, at int64) (int, error) {
		clear(b)
		if i := byteAt - at; i >= 0 && i < int64(len(b)) {
			b[i] = 1
		}
		return len(b), nil
	}
}

// One byte in a place that is looked at is enough, the first and the last of the place too; the byte beside it is nobody's business.
func TestOneByteAtEachEdge(t *testing.T) {
	for _, size := range []int64{1, 512, Ends - 1, 2*Ends + 3*block + 512, 3<<30 + 512} {
		used := func(at int64) bool {
			t.Helper()
			err := check(holding(at), size)
			var u *Used
			if err != nil && (!errors.As(err, &u) || u.At != at || len(u.Found) > 0) {
				t.Errorf("%d bytes, one at %d: %v", size, at, err)
			}
			return err != nil
		}
		list := Places(size)
		for i, p := range list {
			if len(list) > 20 && i > 1 && i < len(list)-1 && i%(len(list)/3) != 0 {
				continue
			}
			if !used(p.At) || !used(p.At+p.Size-1) {
				t.Errorf("%d bytes: an edge of %+v may be used", size, p)
			}
			if i > 2 && i < len(list)-1 {
				continue // a look at the whole takes its time
			}
			if p.At > 0 && used(p.At-1) || p.At+p.Size < size && used(p.At+p.Size) {
				t.Errorf("%d bytes: more is looked at than %+v", size, p)
			}
		}
		for _, at := range []int64{0, size - 1, min(Ends, size) - 1, max(size-Ends, 0)} {
			if !used(at) {
				t.Errorf("%d bytes: byte %d may be used", size, at)
			}
		}
	}
	if err := check(holding(0), 0); err == nil || !strings.Contains(err.Error(), "no size") {
		t.Errorf("no bytes at all: %v", err)
	}
}

// Where file systems keep their second superblocks, from their own documents; and a sum of all places, for whoever moves one
// without meaning to.
func TestPlacesOfCopies(t *testing.T) {
	const size = 8 << 40
	list := Places(size)
	covers := func(at, n int64) bool {
		return slices.ContainsFunc(list, func(p Place) bool { return p.At <= at && at+n <= p.At+p.Size })
	}
	for what, at := range map[string]int64{
		"ext4, group 1 of 4 KiB blocks": 32768 * 4096, "group 3": 3 * 32768 * 4096, "group 5": 5 * 32768 * 4096, "group 7": 7 * 32768 * 4096, "group 9": 9 * 32768 * 4096, "group 25": 25 * 32768 * 4096, "group 49": 49 * 32768 * 4096,
		"group 2 of large ones": 2 * 32768 * 4096, "ext2, group 1 of 1 KiB blocks": (8192 + 1) * 1024 &^ 4095, "the last group": (size - 1) / (32768 * 4096) * 32768 * 4096,
		"in the first partition": 1<<20 + 32768*4096, "in one of before 2010": (63*512 + 32768*4096) &^ 4095,
		"btrfs 1": 64 << 20, "btrfs 2": 256 << 30, "ntfs": 3 << 30, "xfs": (1<<28 - 1) * 4096, "xfs 2": 2 * (1<<28 - 1) * 4096, "xfs of four groups": size / 4, "xfs of 32": size / 32, "an eighth": size / 8, "a sixteenth": size / 16, "the middle": size / 2, "three quarters": size / 4 * 3,
		"a sample": size / 512 * 300, "both ends": size - Ends,
	} {
		if !covers(at, block) {
			t.Errorf("%s: nobody looks at byte %d", what, at)
		}
	}
	if !covers(0, Ends) || !covers(size-Ends, Ends) || !covers(size/512*300, SampleSize) || !covers(size/4-1<<20, 5<<19) {
		t.Error("ends, samples or middles are shorter than they were")
	}
	for size, want := range map[int64]string{1 << 20: "5038d7d7e4fa", 500107862016: "89725a0b06ae", 8 << 40: "c355ed739fb0", 1<<51 + 512: "8b0f890b55e1"} {
		if got := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, Places(size))))[:12]; got != want {
			t.Errorf("the places of %d bytes have changed: %s", size, got)
		}
	}
}

func TestTidy(t *testing.T) {
	for _, tt := range []struct {
		list []Place
		size int64
		want []Place
	}{
		{[]Place{{1, 1}}, 1 << 20, []Place{{0, 4096}}}, {[]Place{{4095, 2}}, 1 << 20, []Place{{0, 8192}}}, {[]Place{{4096, 4096}, {0, 4096}}, 1 << 20, []Place{{0, 8192}}},
		{[]Place{{8192, 1}, {0, 1}}, 1 << 20, []Place{{0, 4096}, {8192, 4096}}}, {[]Place{{0, 9000}, {4096, 1}}, 1 << 20, []Place{{0, 12288}}}, {[]Place{{-4096, 8192}}, 1 << 20, []Place{{0, 4096}}},
		{[]Place{{-8192, 4096}}, 1 << 20, nil}, {[]Place{{4096, 4096}}, 4096, nil}, {[]Place{{4096, 4096}}, 4097, []Place{{4096, 1}}}, {[]Place{{0, 4096}}, 512, []Place{{0, 512}}},
	} {
		if got := tidy(slices.Clone(tt.list), tt.size); !slices.Equal(got, tt.want) {
			t.Errorf("%v of %d bytes: %v, want %v", tt.list, tt.size, got, tt.want)
		}
	}
}

func TestUsedInWords(t *testing.T) {
	found := func(n int) (all []signature.Found) {
		for i := range n {
			all = append(all, signature.Found{Type: "ext4", At: int64(i)})
		}
		return all
	}
	for n, want := range map[int]string{0: "it holds data at byte 7", 1: "it holds ext4 at byte 0", 3: "it holds ext4 at byte 0, ext4 at byte 1, ext4 at byte 2", 4: "it holds ext4 at byte 0, ext4 at byte 1, ext4 at byte 2, 1 more", 5: "it holds ext4 at byte 0, ext4 at byte 1, ext4 at byte 2, 2 more"} {
		if got := (&Used{found(n), 7}).Error(); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// tape is a small disk that writes down what is written to it; what lies from bad on cannot be read.
type tape struct {
	b     []byte
	bad   int64
	rows  []string
	tired int // writes left; 0 for ever
}

func (d *tape) ReadAt(b []byte, at int64) (int, error) {
	if d.bad > 0 && at+int64(len(b)) > d.bad {
		return 0, errors.New("medium error")
	}
	return copy(b, d.b[at:]), nil
}

func (d *tape) WriteAt(b []byte, at int64) (int, error) {
	d.rows = append(d.rows, fmt.Sprintf("%d+%d", at, len(b)))
	if d.tired > 0 {
		if d.tired--; d.tired == 0 {
			return 0, errors.New("worn out")
		}
	}
	return copy(d.b[at:], b), nil
}

// Only blocks that hold something are written, from the end to the beginning; what cannot be read is written whole.
func TestEraseWritesBackwards(t *testing.T) {
	disk := func(size int64, used ...int64) *tape {
		d := &tape{b: make([]byte, size)}
		for _, at := range used {
			d.b[at] = 1
		}
		return d
	}
	unread := disk(2<<20, 5)
	unread.bad = 1 << 20
	for name, tt := range map[string]struct {
		d       *tape
		parts   []Part
		rows    []string
		written int64
		total   int64
	}{
		"blank":               {disk(1 << 20), nil, nil, 0, 1 << 20},
		"both ends":           {disk(1<<20, 0, 1<<20-1), nil, []string{"1044480+4096", "0+4096"}, 8192, 1 << 20},
		"neighbours are one":  {disk(1<<20, 8191, 8192), nil, []string{"4096+8192"}, 8192, 1 << 20},
		"an odd end":          {disk(8192+512, 8192), nil, []string{"8192+512"}, 512, 8192 + 512},
		"a partition first":   {disk(1<<20, 4096, 1<<19), []Part{{4096, 4096}}, []string{"4096+4096", "524288+4096"}, 8192, 1<<20 + 4096},
		"what cannot be read": {unread, nil, []string{"1048576+1048576", "0+4096"}, 1<<20 + 4096, 2 << 20},
	} {
		var at, all int64
		written, err := Erase(t.Context(), tt.d, int64(len(tt.d.b)), tt.parts, func(done, total int64) { at, all = done, total })
		if err != nil || written != tt.written || !slices.Equal(tt.d.rows, tt.rows) || at != tt.total || all != tt.total {
			t.Errorf("%s: wrote %d, %v, %q; %d of %d", name, written, err, tt.d.rows, at, all)
		}
		if slices.ContainsFunc(tt.d.b, func(b byte) bool { return b != 0 }) {
			t.Errorf("%s: something is left", name)
		}
	}
	d := disk(1<<20, 0, 1<<19)
	d.tired = 2
	if written, err := Erase(t.Context(), d, 1<<20, nil, func(int64, int64) {}); written != 4096 || err == nil || !strings.Contains(err.Error(), "writing 4096 zeros at byte 0: worn out") {
		t.Errorf("%d, %v", written, err)
	}
}
