package fat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// zeros is content of nothing but zeros.
type zeros int64

func (z zeros) Size() int64 { return int64(z) }
func (z zeros) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	return len(b), nil
}

// The bytes of volumes that mtools, Linux and firmware were seen to read. Whoever changes them on purpose looks with these first.
func TestBytesStay(t *testing.T) {
	var files []File
	for _, path := range []string{"EFI/BOOT/BOOTX64.EFI", "a long name.txt", "A Long Name.tx", "short.txt", "1/2/3/deep", "Grüße"} {
		files = append(files, File{path, strings.NewReader(strings.Repeat(path, 700))})
	}
	files = append(files, File{"empty", strings.NewReader("")})
	for size, want := range map[int64]string{20 << 20: "712459376daf662f", 64 << 20: "2fc95dfa2df86ae3"} {
		v, err := New(Options{Size: size, Label: "BYTES_1", ID: 0x12345678, Epoch: time.Date(2024, 2, 29, 13, 37, 59, 0, time.UTC)}, files)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		if _, err := io.Copy(h, io.NewSectionReader(v, 0, v.Size())); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(h.Sum(nil))[:16]; got != want {
			t.Errorf("%d bytes: %s", size, got)
		}
	}
}

// Where a volume's parts lie, at the sizes where the kind or the cluster changes.
func TestGeometryEdges(t *testing.T) {
	for total, want := range map[int64]string{
		4208: "false reserved 6 table 17 root 32 cluster 1 clusters 4136 <nil>", 65000: "false reserved 8 table 252 root 32 cluster 1 clusters 64456 <nil>", 66000: "false reserved 6 table 129 root 32 cluster 2 clusters 32852 <nil>", 81919: "false reserved 8 table 160 root 32 cluster 2 clusters 40779 <nil>", 81920: "true reserved 36 table 630 root 0 cluster 1 clusters 80624 <nil>", 600000: "true reserved 38 table 585 root 0 cluster 8 clusters 74849 <nil>", 1 << 28: "true reserved 38 table 261633 root 0 cluster 8 clusters 33489019 <nil>",
	} {
		g, err := divide(total)
		if got := fmt.Sprintf("%v reserved %d table %d root %d cluster %d clusters %d %v", g.fat32, g.reserved, g.table, g.root, g.cluster, g.clusters, err); got != want {
			t.Errorf("%d sectors: %s", total, got)
		}
		if err == nil && ((g.clusters+firstNumber)*g.width() > g.table*sector || g.data()%dataAlign != 0 || g.data()+g.clusters*g.cluster > total || (total-g.data())/g.cluster != g.clusters) {
			t.Errorf("%d sectors: %+v does not fit", total, g)
		}
	}
	for sectors, ok := range map[int64]bool{4100: false, 1 << 20: true, 1 << 29: true, 1 << 33: false} {
		if _, err := divide(sectors); (err == nil) != ok {
			t.Errorf("%d sectors: %v", sectors, err)
		}
	}
	g := geometry{cluster: 8}
	for bytes, want := range map[int64]int64{0: 0, 1: 1, 4096: 1, 4097: 2} {
		if got := g.count(bytes); got != want {
			t.Errorf("%d bytes fill %d clusters", bytes, got)
		}
	}
}

func TestTimesAndNames(t *testing.T) {
	for at, want := range map[time.Time]uint32{
		time.Date(1979, 12, 31, 23, 59, 59, 0, time.UTC): 0x00210000, time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC): 0x00210000, time.Date(2024, 2, 29, 13, 37, 59, 0, time.UTC): 0x585d6cbd,
		time.Date(2108, 1, 1, 0, 0, 0, 0, time.UTC): 0xff9fbf7d, time.Date(2107, 12, 31, 23, 59, 59, 0, time.UTC): 0xff9fbf7d, time.Date(2000, 1, 1, 1, 0, 0, 0, time.FixedZone("", 3600)): 0x28210000,
	} {
		if got := stamp(at); got != want {
			t.Errorf("%v: %#08x, want %#08x", at, got, want)
		}
	}
	for name, ok := range map[string]bool{"": false, ".": false, "..": false, "a.": false, "a ": false, " a": false, "a b": true, "a*b": false, "a\x1fb": false, "a\x7fb": false, "\xff": false, "a\\b": false, "...a": true, strings.Repeat("x", 255): true, strings.Repeat("x", 256): false, strings.Repeat("😀", 127): true, strings.Repeat("😀", 128): false} {
		if err := checkName(name); (err == nil) != ok {
			t.Errorf("%.20q: %v", name, err)
		}
	}
	taken := map[[11]byte]bool{}
	for _, tt := range [][2]string{{"GRUB.CFG", "GRUB    CFG"}, {"grub.cfg", "GRUB~1  CFG"}, {"a long name.text", "ALONGN~1TEX"}, {"a long nape.text", "ALONGN~2TEX"}, {"12345678.123", "12345678123"}, {"123456789", "123456~1   "}, {"a.1234", "A~1     123"}, {".hid", "HID~1      "}, {"ü", "~1         "}, {"a.b.c", "AB~1    C  "}, {"{~}!", "{~}!       "}} {
		short := shortName(tt[0], taken)
		if taken[short] = true; string(short[:]) != tt[1] {
			t.Errorf("%s: %q, want %q", tt[0], short, tt[1])
		}
	}
	short := func(s string) (b [11]byte) { copy(b[:], s); return b }
	for _, tt := range []struct {
		name, short string
		units       int
		last        uint16
	}{{"GRUB.CFG", "GRUB    CFG", 0, 0}, {"grub.cfg", "GRUB    CFG", 13, 0xffff}, {"README", "README     ", 0, 0}, {"thirteen char", "THIRTE~1   ", 13, 'r'}, {"fourteen chars", "FOURTE~1   ", 26, 0xffff}, {"twelve chars", "TWELVE~1   ", 13, 0}} {
		units := longUnits(tt.name, short(tt.short))
		if len(units) != tt.units || tt.units > 0 && units[len(units)-1] != tt.last {
			t.Errorf("%s: %x", tt.name, units)
		}
	}
	for name, want := range map[string]string{"headless-1": "HEADLESS-1", "a b.c": "A_B_C", "twelve-chars": "TWELVE-CHAR", "": ""} {
		if got := Label(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for label, want := range map[string]string{"": "NO NAME    ", "A": "A          ", "ABCDEFGHIJK": "ABCDEFGHIJK", "ABCDEFGHIJKL": "", "a": "", "A B": ""} {
		if got, err := encodeLabel(label); (err == nil) != (want != "") || err == nil && string(got[:]) != want {
			t.Errorf("%q: %q, %v", label, got, err)
		}
	}
	if _, err := New(Options{Size: 16 << 20, Epoch: time.Unix(0, 0)}, []File{{"big", zeros(1 << 32)}}); err == nil {
		t.Error("a file of 4 GiB")
	}
	for spare, want := range map[int64]int64{0: 3, 1 << 20: 3, 2 << 20: 4, 100 << 20: 102} {
		if got, err := MinSize([]File{{"x", zeros(1 << 20)}}, spare); err != nil || got != want<<20 {
			t.Errorf("with %d to spare: %d, %v", spare, got, err)
		}
	}
}

// volume12 is a boot sector with 12-bit entries, and two clusters of content.
func volume12(change func(b []byte)) []byte {
	b := make([]byte, 64*512)
	copy(b, []byte{0xeb, 0x3c, 0x90})
	le.PutUint16(b[11:], 512)
	b[13] = 1
	le.PutUint16(b[14:], 1)
	b[16] = 2
	le.PutUint16(b[17:], 16)
	le.PutUint16(b[19:], 64)
	le.PutUint16(b[22:], 1)
	b[510], b[511] = 0x55, 0xaa
	copy(b[512:], []byte{0xf8, 0xff, 0xff, 0x03, 0x40, 0x00, 0xff, 0x8f, 0xff}) // 2 → 3 → 4; 5 ends
	change(b)
	return b
}

// What is a volume, to each edge of its first sector.
func TestReaderEdges(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(b []byte)
		cut    int
		want   error // nil: it opens; io.EOF: another error
	}{
		"as it is":            {func([]byte) {}, 0, nil},
		"a near jump":         {func(b []byte) { b[0] = 0xe9 }, 0, nil},
		"no jump":             {func(b []byte) { b[0] = 0xea }, 0, ErrNone},
		"no mark":             {func(b []byte) { b[510] = 0 }, 0, ErrNone},
		"half a mark":         {func(b []byte) { b[511] = 0 }, 0, ErrNone},
		"one table":           {func(b []byte) { b[16] = 1 }, 0, nil},
		"no table":            {func(b []byte) { b[16] = 0 }, 0, ErrNone},
		"three tables":        {func(b []byte) { b[16] = 3 }, 0, ErrNone},
		"nothing reserved":    {func(b []byte) { b[14] = 0 }, 0, ErrNone},
		"sectors of 256":      {func(b []byte) { le.PutUint16(b[11:], 256) }, 0, ErrNone},
		"of 1536":             {func(b []byte) { le.PutUint16(b[11:], 1536) }, 0, ErrNone},
		"of 8192":             {func(b []byte) { le.PutUint16(b[11:], 8192) }, 0, ErrNone},
		"of 4096":             {func(b []byte) { le.PutUint16(b[11:], 4096); le.PutUint16(b[19:], 8) }, 0, nil},
		"clusters of nothing": {func(b []byte) { b[13] = 0 }, 0, ErrNone},
		"clusters of three":   {func(b []byte) { b[13] = 3 }, 0, ErrNone},
		"clusters of two":     {func(b []byte) { b[13] = 2 }, 0, nil},
		"no root":             {func(b []byte) { le.PutUint16(b[17:], 0) }, 0, ErrNone},
		"no clusters":         {func(b []byte) { le.PutUint16(b[19:], 4) }, 0, ErrNone},
		"one cluster":         {func(b []byte) { le.PutUint16(b[19:], 5) }, 0, nil},
		"a sector too many":   {func(b []byte) { le.PutUint16(b[19:], 65) }, 0, io.ErrUnexpectedEOF},
		"a long count":        {func(b []byte) { le.PutUint16(b[19:], 0); le.PutUint32(b[32:], 64) }, 0, nil},
		"cut off":             {func([]byte) {}, 511, ErrNone},
		"a short table":       {func(b []byte) { le.PutUint16(b[22:], 0); le.PutUint32(b[36:], 0) }, 0, io.EOF},
	} {
		b := volume12(tt.change)
		if tt.cut > 0 {
			b = b[:tt.cut]
		}
		_, err := Open(bytes.NewReader(b), int64(len(b)))
		if (err == nil) != (tt.want == nil) || err != nil && tt.want != io.EOF && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	b := volume12(func([]byte) {})
	r, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if r.bits != 12 || r.clusters != 60 || r.data != 4*512 || r.cluster != 512 || r.root != 3*512 || r.rootSize != 512 {
		t.Errorf("%+v", r)
	}
	for number, next := range map[int64]int64{2: 3, 3: 4, 5: 0} {
		if got := r.next(number); got != next {
			t.Errorf("behind %d comes %d, want %d", number, got, next)
		}
	}
	for _, tt := range []struct {
		first, size int64
		want        int64 // -1: an error
	}{{2, 1, 1}, {2, 512, 512}, {2, 1024, 1024}, {5, -1, 512}, {5, 513, -1}, {0, 0, 0}, {0, 1, -1}, {0, -1, 0}, {1, 1, -1}, {62, 1, -1}, {61, 1, 1}} {
		image, err := r.chain(tt.first, tt.size)
		if (err == nil) != (tt.want >= 0) || err == nil && image.Size() != tt.want {
			t.Errorf("from %d, %d bytes: %v, %v", tt.first, tt.size, image, err)
		}
	}
	// Wider entries: the last number that leads on, and the first that ends.
	for _, tt := range []struct {
		bits  uint
		table []byte
		next  int64
	}{{16, []byte{0, 0, 0, 0, 0xf7, 0xff}, 0xfff7}, {16, []byte{0, 0, 0, 0, 0xf8, 0xff}, 0}, {32, append(make([]byte, 8), 0xf7, 0xff, 0xff, 0xff), 0x0ffffff7}, {32, append(make([]byte, 8), 0xf8, 0xff, 0xff, 0x0f), 0}, {12, []byte{0, 0, 0, 0xf7, 0x0f}, 0xff7}, {12, []byte{0, 0, 0, 0xf8, 0x0f}, 0}} {
		if got := (&Reader{bits: tt.bits, table: tt.table}).next(2); got != tt.next {
			t.Errorf("%d bits, % x: %#x, want %#x", tt.bits, tt.table, got, tt.next)
		}
	}
	circle := volume12(func(b []byte) { copy(b[512:], []byte{0xf8, 0xff, 0xff, 0x03, 0x20, 0x00}) }) // 2 → 3 → 2
	if r, err = Open(bytes.NewReader(circle), int64(len(circle))); err != nil {
		t.Fatal(err)
	}
	if _, err := r.chain(2, -1); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("%v", err)
	}
}
