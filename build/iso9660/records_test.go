package iso9660

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"
)

// The bytes of a volume that xorriso, Linux and firmware were seen to read. Whoever changes them on purpose looks with xorriso first.
func TestBytesStay(t *testing.T) {
	var files []File
	for _, path := range []string{"boot/cd.img", "boot/efi.img", "a", "a.b", "A", "odd/name.with.dots", "1/2/3/4/5/6/7/deep", strings.Repeat("n", nameMax)} {
		files = append(files, File{path, strings.NewReader(strings.Repeat(path, 300))})
	}
	for i := range 50 {
		files = append(files, File{fmt.Sprintf("many/file with number %d", i), strings.NewReader("x")})
	}
	v, err := New(Options{VolumeID: "BYTES_1", Epoch: time.Date(2024, 2, 29, 13, 37, 59, 120e6, time.FixedZone("", 3600)), Padding: 5000, Whole: 64 << 10,
		Boot: []Boot{{BIOS, "boot/cd.img", 4}, {EFI, "boot/efi.img", 0}, {EFI, "a", 1}}}, files)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(v, 0, v.Size())); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(h.Sum(nil))[:16]; got != "ada840d40b371722" {
		t.Errorf("%s", got)
	}
}

// pack makes a directory's bytes of records, each padded to an even length, none across a block's end.
func pack(records ...[]byte) (b []byte) {
	for _, r := range records {
		if left := Block - len(b)%Block; left < len(r) {
			b = append(b, make([]byte, left)...)
		}
		b = append(b, r...)
	}
	return append(b, make([]byte, -len(b)&(Block-1))...)
}

// entry is a record of a file or directory at a block, with fields behind its name.
func entry(id string, block, size uint32, flags byte, fields ...string) []byte {
	n := &node{block: int64(block), size: int64(size), dir: flags&flagDirectory != 0}
	r := record(n, id, time.Unix(0, 0), false)
	r[25] = flags
	r = append(r, strings.Join(fields, "")...)
	r = append(r, make([]byte, len(r)%2)...)
	r[0] = byte(len(r))
	return r
}

func le32(v uint32) string        { return string(le.AppendUint32(nil, v)) }
func both(v uint32) string        { return string(appendBoth32(nil, v)) }
func field(kind, v string) string { return kind + string(rune(4+len(v))) + "\x01" + v }

// volume has a root directory at block 20 and whatever else by block, up to block 40.
func volume(rock bool, blocks map[int][]byte) []byte {
	b := make([]byte, 40*Block)
	root := &node{dir: true, block: 20, size: int64(len(blocks[20]))}
	root.parent = root
	copy(b[16*Block:], primary(Options{VolumeID: "V"}, root, 40, 1, 10))
	copy(b[17*Block:], terminator())
	for at, content := range blocks {
		copy(b[at*Block:], content)
	}
	return b
}

func walked(b []byte) ([]string, error) {
	r, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	var out []string
	err = r.Walk(func(e Entry) error {
		line := fmt.Sprintf("%s %d:%d %s %s", e.Mode, e.UID, e.GID, e.Path, e.ModTime.Format(time.DateTime))
		if e.Content != nil {
			text, err := io.ReadAll(e.Content)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %d %.4s", len(text), text)
		}
		if e.Mode&fs.ModeDevice != 0 {
			line += fmt.Sprintf(" %d,%d", e.Major, e.Minor)
		}
		if e.Link != "" {
			line += " -> " + e.Link
		}
		out = append(out, line)
		return nil
	})
	return out, err
}

var self, parent = entry("\x00", 20, Block, flagDirectory), entry("\x01", 20, Block, flagDirectory)

// rooted is the root's own record with the field that says where Rock Ridge's begin: behind skip bytes.
func rooted(skip byte) []byte {
	return entry("\x00", 20, Block, flagDirectory, field("SP", "\xbe\xef"+string(rune(skip))))
}

func TestPlainRecords(t *testing.T) {
	const epoch = " 1970-01-01 00:00:00"
	parts := []byte(strings.Repeat("p", 2*Block) + "tail")
	late := entry("LATE.;1", 26, 4, 0)
	copy(late[18:], []byte{124, 2, 29, 13, 37, 59, 8}) // two hours east of Greenwich
	for name, tt := range map[string]struct {
		root []byte
		want []string
		err  string
	}{
		"names lose version and dot": {pack(self, parent, entry("A.TXT;1", 26, 4, 0), entry("NODOT.;1", 26, 0, 0)),
			[]string{"-r--r--r-- 0:0 a.txt" + epoch + " 4 pppp", "-r--r--r-- 0:0 nodot" + epoch + " 0 "}, ""},
		"a file up to the last byte":  {pack(self, entry("A", 39, Block, 0)), []string{"-r--r--r-- 0:0 a" + epoch + " 2048 \x00\x00\x00\x00"}, ""},
		"one byte more":               {pack(self, entry("A", 39, Block+1, 0)), nil, "it ends at byte 81921, the file at 81920"},
		"an empty file lies anywhere": {pack(self, entry("A", 4000, 0, 0)), []string{"-r--r--r-- 0:0 a" + epoch + " 0 "}, ""},
		"a file in two parts": {pack(self, entry("A", 26, 2*Block, moreParts), entry("A", 28, 4, 0), entry("B", 28, 4, 0)),
			[]string{"-r--r--r-- 0:0 a" + epoch + " 4100 pppp", "-r--r--r-- 0:0 b" + epoch + " 4 tail"}, ""},
		"parts end with another's name":  {pack(self, entry("A", 26, Block, moreParts), entry("B", 28, 4, 0)), []string{"-r--r--r-- 0:0 a" + epoch + " 2048 pppp", "-r--r--r-- 0:0 b" + epoch + " 4 tail"}, ""},
		"parts that end the directory":   {pack(self, entry("A", 28, 4, moreParts)), []string{"-r--r--r-- 0:0 a" + epoch + " 4 tail"}, ""},
		"parts apart":                    {pack(self, entry("A", 26, Block, moreParts), entry("A", 28, 4, 0)), nil, "do not lie behind each other"},
		"a time east of Greenwich":       {pack(self, late), []string{"-r--r--r-- 0:0 late 2024-02-29 11:37:59 4 pppp"}, ""},
		"a directory":                    {pack(self, entry("D", 24, Block, flagDirectory)), []string{"dr-xr-xr-x 0:0 d" + epoch, "-r--r--r-- 0:0 d/in" + epoch + " 4 tail"}, ""},
		"a directory up to the last":     {pack(self, entry("D", 39, Block, flagDirectory)), []string{"dr-xr-xr-x 0:0 d" + epoch}, ""},
		"a directory behind it":          {pack(self, entry("D", 39, Block+1, flagDirectory)), []string{"dr-xr-xr-x 0:0 d" + epoch}, "2049 bytes at 79872 of 81920"},
		"a directory in itself":          {pack(self, entry("D", 20, Block, flagDirectory)), []string{"dr-xr-xr-x 0:0 d" + epoch}, "lead in a circle"},
		"a directory of too many bytes":  {pack(self, entry("D", 24, maxDirectory+1, flagDirectory)), []string{"dr-xr-xr-x 0:0 d" + epoch}, "16777217 bytes at"},
		"a name that leads out":          {pack(self, entry("..", 26, 4, 0)), nil, `"." is no name`},
		"a name with a slash":            {pack(self, entry("A/B", 26, 4, 0)), nil, `"a/b" is no name`},
		"no name":                        {pack(self, entry(";1", 26, 4, 0)), nil, `"" is no name`},
		"more than a block of records":   {pack(slices.Repeat([][]byte{entry(strings.Repeat("A", 100)+";1", 26, 0, 0)}, 16)...), slices.Repeat([]string{"-r--r--r-- 0:0 " + strings.Repeat("a", 100) + epoch + " 0 "}, 16), ""},
		"a record longer than the block": {append(bytes.Repeat(entry("A", 26, 0, 0), 60), 40, 0, 0, 0, 0, 0, 0, 0), nil, "a damaged record at byte 2040"},
		"a record of 33 bytes":           {append([]byte{33}, make([]byte, Block-1)...), nil, "a damaged record at byte 0"},
		"a name longer than its record":  {pack(append([]byte{34}, append(bytes.Repeat([]byte{0}, 31), 2, 'A')...)), nil, "a damaged record at byte 0"},
		"a name that fills its record":   {pack(append([]byte{34}, append(bytes.Repeat([]byte{0}, 31), 1, 'A')...)), []string{"-r--r--r-- 0:0 a 1899-11-30 00:00:00 0 "}, ""},
		"a record without a name":        {pack(append([]byte{34}, bytes.Repeat([]byte{0}, 33)...)), nil, "a damaged record at byte 0"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := walked(volume(false, map[int][]byte{20: tt.root, 24: pack(entry("IN", 28, 4, 0)), 26: parts}))
			if !slices.Equal(got, tt.want) || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %q, %v\nwant %q, %s", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestRockRidgeFields(t *testing.T) {
	const epoch = " 1970-01-01 00:00:00"
	px := func(mode uint32) string { return field("PX", both(mode)+both(1)+both(7)+both(9)) }
	sl := func(parts string) string { return field("SL", "\x00"+parts) }
	link := func(fields ...string) []byte {
		return entry("L", 26, 0, 0, append([]string{px(0o120777)}, fields...)...)
	}
	const lrwx = "Lrwxrwxrwx 7:9 l" + epoch + " -> "
	for name, tt := range map[string]struct {
		record []byte
		want   string
		err    string
	}{
		"mode and owner":               {entry("F", 28, 4, 0, px(0o100640)), "-rw-r----- 7:9 f" + epoch + " 4 tail", ""},
		"special modes":                {entry("F", 28, 0, 0, px(0o107751)), "ugt" + "rwxr-x--x 7:9 f" + epoch + " 0 ", ""},
		"a pipe":                       {entry("F", 28, 0, 0, px(0o010600)), "prw------- 7:9 f" + epoch, ""},
		"a socket":                     {entry("F", 28, 0, 0, px(0o140600)), "Srw------- 7:9 f" + epoch, ""},
		"a device":                     {entry("F", 28, 0, 0, px(0o060660), field("PN", both(259)+both(3))), "Drw-rw---- 7:9 f" + epoch + " 259,3", ""},
		"a device in Linux' form":      {entry("F", 28, 0, 0, px(0o020660), field("PN", both(0)+both(0x12345678))), "Dcrw-rw---- 7:9 f" + epoch + " 1110,74616", ""},
		"a name in two fields":         {entry("F", 28, 0, 0, field("NM", "\x01first "), field("NM", "\x00second")), "-r--r--r-- 0:0 first second" + epoch + " 0 ", ""},
		"what follows the end":         {entry("F", 28, 0, 0, field("ST", ""), field("NM", "\x00no")), "-r--r--r-- 0:0 f" + epoch + " 0 ", ""},
		"padding":                      {entry("F", 28, 0, 0, "\x00\x00\x00\x00\x00", field("NM", "\x00no")), "-r--r--r-- 0:0 f" + epoch + " 0 ", ""},
		"a kind nobody knows":          {entry("F", 28, 0, 0, field("ZZ", "zz"), field("NM", "\x00yes")), "-r--r--r-- 0:0 yes" + epoch + " 0 ", ""},
		"links up, here and away":      {link(sl("\x04\x00\x02\x00\x00\x03usr")), lrwx + ".././usr", ""},
		"a link from the root":         {link(sl("\x08\x00\x00\x03usr\x00\x03lib")), lrwx + "/usr/lib", ""},
		"a component in two fields":    {link(field("SL", "\x01\x01\x02us"), sl("\x00\x01r\x00\x03lib")), lrwx + "usr/lib", ""},
		"a component too long":         {link(sl("\x00\x04usr")), "", "a damaged Rock Ridge field"},
		"a component up to the end":    {link(sl("\x00\x03usr")), lrwx + "usr", ""},
		"a moved directory":            {entry("F", 28, 0, 0, field("RE", "")), "", ""},
		"the place of a moved one":     {entry("F", 28, 0, 0, field("CL", both(24))), "dr-xr-xr-x 0:0 f" + epoch, ""},
		"fields that go on elsewhere":  {entry("F", 28, 0, 0, field("NM", "\x01here "), field("CE", both(30)+both(100)+both(14))), "-r--r--r-- 0:0 here and there" + epoch + " 0 ", ""},
		"elsewhere is too much":        {entry("F", 28, 0, 0, field("CE", both(30)+both(0)+both(Block+1))), "", "a damaged Rock Ridge field"},
		"elsewhere is a whole block":   {entry("F", 28, 0, 0, field("CE", both(31)+both(0)+both(Block))), "-r--r--r-- 0:0 f" + epoch + " 0 ", ""},
		"elsewhere is nowhere":         {entry("F", 28, 0, 0, field("CE", both(400)+both(0)+both(10))), "", "unexpected EOF"},
		"fields that lead in a circle": {entry("F", 28, 0, 0, field("CE", both(32)+both(0)+both(28))), "", "do not end"},
		"a field of three bytes":       {entry("F", 28, 0, 0, "NM\x03\x01\x00\x00"), "", "a damaged Rock Ridge field"},
		"a field of four bytes":        {entry("F", 28, 0, 0, "ZZ\x04\x01"), "-r--r--r-- 0:0 f" + epoch + " 0 ", ""},
		"a field behind the record":    {entry("F", 28, 0, 0, "NM\x09\x01\x00abc"), "", "a damaged Rock Ridge field"},
		"NM of nothing":                {entry("F", 28, 0, 0, field("NM", "")), "", "a damaged Rock Ridge field"},
		"NM of an empty name":          {entry("F", 28, 0, 0, field("NM", "\x00")), "", `"" is no name`},
		"NM that leads out":            {entry("F", 28, 0, 0, field("NM", "\x00..")), "", `".." is no name`},
		"NM here":                      {entry("F", 28, 0, 0, field("NM", "\x00.")), "", `"." is no name`},
		"PX too short":                 {entry("F", 28, 0, 0, field("PX", both(0)+both(0)+both(0)+"1234567")), "", "a damaged Rock Ridge field"},
		"PN too short":                 {entry("F", 28, 0, 0, field("PN", both(0)+"1234567")), "", "a damaged Rock Ridge field"},
		"CE too short":                 {entry("F", 28, 0, 0, field("CE", both(0)+both(0)+"1234567")), "", "a damaged Rock Ridge field"},
		"CL too short":                 {entry("F", 28, 0, 0, field("CL", "123")), "", "a damaged Rock Ridge field"},
		"CL of four bytes":             {entry("F", 28, 0, 0, field("CL", le32(24))), "dr-xr-xr-x 0:0 f" + epoch, ""},
		"SL of nothing":                {entry("F", 28, 0, 0, field("SL", "")), "", "a damaged Rock Ridge field"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, skip := range []byte{0, 2} { // CD-ROM XA puts bytes of its own before the fields
				r := tt.record
				if skip > 0 {
					at := len(r) - len(systemUse(r))
					r = slices.Insert(slices.Clone(r), at, make([]byte, skip)...)
					r[0] += skip
				}
				circle := field("CE", both(32)+both(0)+both(28))
				got, err := walked(volume(true, map[int][]byte{20: pack(rooted(skip), parent, r), 24: pack(entry("\x00", 24, Block, flagDirectory)),
					28: []byte("tail"), 30: []byte(strings.Repeat("\x00", 100) + field("NM", "\x00and there")), 32: []byte(circle)}))
				if strings.Join(got, "\n") != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%d bytes skipped: got %q, %v\nwant %q, %s", skip, got, err, tt.want, tt.err)
				}
			}
		})
	}
}

func TestDescriptors(t *testing.T) {
	good := volume(false, map[int][]byte{20: pack(self, parent)})
	boot := slices.Insert(slices.Clone(good), 16*Block, append([]byte("\x00CD001\x01"), make([]byte, Block-7)...)...) // another one before
	le.PutUint32(boot[17*Block+158:], 21)
	for name, tt := range map[string]struct {
		b    []byte
		want error
	}{
		"good": {good, nil}, "behind another": {boot, nil}, "ended by a terminator": {good[Block:], ErrNone},
		"one byte short": {good[:len(good)-1], io.ErrUnexpectedEOF}, "one byte more": {append(slices.Clone(good), 0), nil},
		"cut off in the descriptor": {good[:17*Block-1], ErrNone},
	} {
		r, err := Open(bytes.NewReader(tt.b), int64(len(tt.b)))
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if err == nil && r.VolumeID != "V" {
			t.Errorf("%s: volume %q", name, r.VolumeID)
		}
	}
	odd := slices.Clone(good)
	le.PutUint16(odd[16*Block+128:], 512)
	if _, err := Open(bytes.NewReader(odd), int64(len(odd))); err == nil || !strings.Contains(err.Error(), "blocks of 512 bytes") {
		t.Errorf("blocks of 512 bytes: %v", err)
	}
}

// The edges of what New accepts.
func TestEdges(t *testing.T) {
	for year, ok := range map[int]bool{1899: false, 1900: true, 2155: true, 2156: false} {
		_, err := New(Options{Epoch: time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)}, nil)
		if (err == nil) != ok {
			t.Errorf("%d: %v", year, err)
		}
	}
	for id, ok := range map[string]bool{strings.Repeat("A", 32): true, strings.Repeat("A", 33): false, "": true} {
		if err := checkVolumeID(id); (err == nil) != ok {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, tt := range []struct {
		padding, whole, want int64
	}{{0, 0, 23}, {1, 0, 24}, {Block, 0, 24}, {Block + 1, 0, 25}, {0, 23 * Block, 23}, {1, 23 * Block, 46}} {
		v, err := New(Options{Epoch: time.Unix(0, 0), Padding: tt.padding, Whole: tt.whole}, nil)
		if err != nil || v.Size() != tt.want*Block {
			t.Errorf("padding %d, whole %d: %d blocks, %v; want %d", tt.padding, tt.whole, v.Size()/Block, err, tt.want)
		}
	}
	at := func(path string, size int64) error {
		_, err := New(Options{Epoch: time.Unix(0, 0)}, []File{{path, sized(size)}})
		return err
	}
	for path, ok := range map[string]bool{strings.Repeat("x", nameMax): true, strings.Repeat("x", nameMax+1): false, "1/2/3/4/5/6/7/8": true, "1/2/3/4/5/6/7/8/9": false} {
		if err := at(path, 1); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
	if at("big", 1<<32-1) != nil || at("big", 1<<32) == nil {
		t.Error("4 GiB less a byte is the most that a file may have")
	}
	boot := func(size int64) ([]byte, error) {
		v, err := New(Options{Epoch: time.Unix(0, 0), Boot: []Boot{{BIOS, "b", 0}}}, []File{{"b", sized(size)}})
		if err != nil {
			return nil, err
		}
		b := make([]byte, Block)
		_, err = v.ReadAt(b, catalogBlock*Block)
		return b[32:64], err
	}
	if b, err := boot(65535 / 4 * Block); err != nil || le.Uint16(b[6:]) != 65532 {
		t.Errorf("the largest file a BIOS loads: %v % x", err, b)
	}
	if _, err := boot(65535/4*Block + 1); err == nil {
		t.Error("a BIOS was told to load more than it can")
	}
	defer func() {
		if recover() == nil {
			t.Error("the block of a file that is not there")
		}
	}()
	v, _ := New(Options{Epoch: time.Unix(0, 0)}, nil)
	v.Block("none")
}

// sized is content of zeros.
type sized int64

func (s sized) Size() int64 { return int64(s) }
func (s sized) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	return len(b), nil
}

// Names that become one are told apart, in the order of the standard.
func TestIdentifiers(t *testing.T) {
	taken := map[string]bool{}
	for _, tt := range []struct {
		name string
		dir  bool
		want string
	}{
		{"grub.cfg", false, "GRUB.CFG;1"}, {"GRUB.cfg", false, "GRUB_1.CFG;1"}, {"grub.CFG", false, "GRUB_2.CFG;1"}, {"no dot", false, "NO_DOT.;1"},
		{".hidden", false, "_HIDDEN.;1"}, {"a.tar.gz", false, "A_TAR.GZ;1"}, {"x.123456789", false, "X.12345678;1"}, {"x86.d", true, "X86_D"},
		{strings.Repeat("a", 25), false, strings.Repeat("A", 20) + ".;1"}, {strings.Repeat("a", 26), false, strings.Repeat("A", 18) + "_1.;1"}, {"AZ09-@[/:", true, "AZ09_____"},
	} {
		got := identifier(tt.name, tt.dir, taken)
		if taken[got] = true; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	root, err := plant([]File{{"a_b", sized(1)}, {"a.b", sized(1)}, {"a", sized(1)}, {"ab/x/y", sized(1)}, {"b/z/y", sized(1)}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range root.children {
		names = append(names, c.id)
	}
	if want := []string{"A.;1", "A.B;1", "AB", "A_B.;1", "B"}; !slices.Equal(names, want) {
		t.Errorf("order %q, want %q", names, want)
	}
	names = nil
	for _, d := range root.directories() {
		names = append(names, fmt.Sprint(d.number, d.id, d.parent.number))
	}
	if want := []string{"1\x001", "2AB1", "3B1", "4X2", "5Z3"}; !slices.Equal(names, want) {
		t.Errorf("directories %q, want %q", names, want)
	}
}
