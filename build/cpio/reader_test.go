package cpio_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// list reads an initramfs to a line an entry.
func list(data []byte, limit int64) (lines []string, err error) {
	r := cpio.NewReader(bytes.NewReader(data), limit)
	defer r.Close()
	for {
		e, err := r.Next()
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		body, err := io.ReadAll(r)
		if err != nil {
			return lines, err
		}
		lines = append(lines, fmt.Sprintf("%d %s %s %s %d:%d %d:%d %s%.20s",
			e.Segment, e.Compression, e.Path, e.Mode, e.UID, e.GID, e.Major, e.Minor, e.Link, body))
	}
}

// names are the paths of a listing with their segments.
func names(lines []string) string {
	var out []string
	for _, line := range lines {
		f := strings.Fields(line)
		out = append(out, strings.Join(f[:3], " "))
	}
	return strings.Join(out, "\n")
}

func compress(t testing.TB, c cpio.Compression, level cpio.Level, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := cpio.Compress(&b, c, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tiny is an archive of one empty file.
func tiny(t testing.TB, name string) []byte {
	var b bytes.Buffer
	if err := cpio.Write(&b, []tree.File{{Path: name, Mode: 0o644}}, epoch, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// others are compressions that we read but do not write.
func others(t testing.TB, data []byte) map[cpio.Compression][]byte {
	t.Helper()
	var l4, l1 bytes.Buffer
	w4 := lz4.NewWriter(&l4)
	if err := w4.Apply(lz4.LegacyOption(true)); err != nil {
		t.Fatal(err)
	}
	w1, err := lzma.NewWriter(&l1)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{w4, w1} {
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return map[cpio.Compression][]byte{cpio.LZ4: l4.Bytes(), cpio.LZMA: l1.Bytes()}
}

func TestRead(t *testing.T) {
	lines, err := list(write(t, sample), 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"0 none . drwxr-xr-x 0:0 0:0 ",
		"0 none bin drwxr-xr-x 0:0 0:0 ",
		"0 none bin/sh Lrwxrwxrwx 0:0 0:0 busybox",
		"0 none bin/su urwxr-xr-x 0:0 0:0 12345",
		"0 none dev drwxr-xr-x 0:0 0:0 ",
		"0 none dev/console Dcrw------- 0:0 5:1 ",
		"0 none dev/pipe prw------- 0:0 0:0 ",
		"0 none dev/sda Drw-rw---- 0:6 8:0 ",
		"0 none empty -rw-r--r-- 1000:1000 0:0 ",
		"0 none init -rwxr-xr-x 0:0 0:0 #!/bin/true\n",
		"0 none tmp dtrwxrwxrwx 0:0 0:0 ",
	}
	if strings.Join(lines, "|") != strings.Join(want, "|") {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
}

// TestConcatenated puts every compression behind every other, as the kernel unpacks
// an image of a cached and a fresh segment, or of microcode and the rest.
func TestConcatenated(t *testing.T) {
	packed := func(data []byte) map[cpio.Compression][]byte {
		all := others(t, data)
		for c, out := range all {
			all[c] = append(out, make([]byte, 4-len(out)&3)...)
		}
		for _, c := range cpio.Writable() {
			all[c] = compress(t, c, cpio.Best, data)
		}
		return all
	}
	first, then := packed(tiny(t, "one")), packed(tiny(t, "two"))
	for a := range first {
		for b := range then {
			data := slices.Concat(first[a], then[b])
			lines, err := list(data, 1<<20)
			if err != nil {
				t.Errorf("%s, %s: %v", a, b, err)
				continue
			}
			second := 1
			if a == cpio.None && b == cpio.None {
				second = 0 // nothing tells two of them from one
			}
			want := fmt.Sprintf("0 %s .\n0 %s one\n%d %s .\n%d %s two", a, a, second, b, second, b)
			if names(lines) != want {
				t.Errorf("%s, %s: got\n%s\nwant\n%s", a, b, names(lines), want)
			}
		}
	}
}

func TestMicrocodeFirst(t *testing.T) {
	early := tiny(t, "kernel/x86/microcode/GenuineIntel.bin")
	// cpio(1) fills blocks of 512 bytes, lsinitramfs has to find the rest behind them.
	early = append(early, make([]byte, 4096-len(early))...)
	lines, err := list(append(early, compress(t, cpio.Zstd, cpio.Fast, tiny(t, "init"))...), 1<<20)
	want := "0 none .\n0 none kernel/x86/microcode/GenuineIntel.bin\n1 zstd .\n1 zstd init"
	if err != nil || names(lines) != want {
		t.Errorf("%v\n%s", err, names(lines))
	}
}

// TestBzip2 reads what bzip2(1) made of tiny("x"): Go has no bzip2 writer.
func TestBzip2(t *testing.T) {
	data, err := hex.DecodeString(bzip2Sample)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := list(data, 1<<20)
	if err != nil || names(lines) != "0 bzip2 .\n0 bzip2 x" {
		t.Errorf("%v\n%s", err, names(lines))
	}
}

// TestToolsMakeTheSame reads segments of the programs that other builders use. A window of 128 MiB is the largest that the kernel
// has room for; zstd -22 takes it, too, and ten seconds.
func TestToolsMakeTheSame(t *testing.T) {
	body := strings.Repeat("all the same and ", 100_000)
	var b bytes.Buffer
	if err := cpio.Write(&b, []tree.File{{Path: "f", Mode: 0o644, Body: []byte(body), Size: int64(len(body))}}, epoch, nil); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"zstd -19 -c", "zstd --long=27 -c", "xz --check=crc32 -c", "xz --check=none -T2 --block-size=100000 -c",
		"gzip -9 -n -c", "bzip2 -c", "lz4 -l -c", "xz --format=lzma -c", "lzop -9 -c"} {
		t.Run(command, func(t *testing.T) {
			args := strings.Fields(command)
			needed.Program(t, args[0])
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Stdin = bytes.NewReader(b.Bytes())
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines, err := list(out, 1<<24)
			if err != nil || len(lines) != 2 {
				t.Errorf("%v %q", err, lines)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	crc64 := func() []byte {
		var b bytes.Buffer
		w, _ := xz.WriterConfig{CheckSum: xz.CRC64}.NewWriter(&b)
		w.Write(tiny(t, "x"))
		w.Close()
		return b.Bytes()
	}
	long := tiny(t, strings.Repeat("x", 300))
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"text":     {[]byte("hello world"), `reading an archive at byte 0: neither an archive nor a compression the kernel knows starts with "hello "`},
		"old cpio": {[]byte("070707000000"), "reading an archive at byte 0: this is a cpio archive of the old portable format, the kernel unpacks newc only"},
		"lz4 frame": {[]byte("\x04\x22\x4d\x18xxxxxxx"),
			"reading an archive at byte 0: this is an LZ4 frame, the kernel unpacks the legacy format only (lz4 -l)"},
		"xz CRC64": {crc64(), "reading an archive at byte 0: starting to unpack xz: the xz stream has a checksum of type 4, the kernel knows none but CRC32 (xz --check=crc32)"},
		"not at a multiple of 4": {append([]byte{0}, tiny(t, "x")...),
			"reading an archive at byte 1: an archive starts here, the kernel accepts that at multiples of 4 only"},
		"hex": {[]byte("070701" + strings.Repeat("z", 104)),
			`reading an archive at byte 110: field 1 of the header is "zzzzzzzz", not eight hex digits`},
		"compressed twice": {compress(t, cpio.Gzip, cpio.Best, compress(t, cpio.Gzip, cpio.Best, tiny(t, "x"))),
			"reading an archive, segment 0 (gzip), byte 0 of its content: neither an archive nor a compression the kernel knows starts with \"\\x1f\\x8b\\b\\x00\\x00\\x00\""},
		"cut in a header": {long[:50], "reading an archive at byte 50: unexpected EOF"},
		"cut in a name":   {long[:400], "reading an archive at byte 400: unexpected EOF"},
	} {
		if _, err := list(test.data, 1<<20); err == nil || err.Error() != test.want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, test.want)
		}
	}
}

// TestTruncated: wherever a file is cut, that is noticed.
func TestTruncated(t *testing.T) {
	noise := make([]byte, 3000)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(noise)
	var b bytes.Buffer
	if err := cpio.Write(&b, []tree.File{{Path: "f", Body: noise, Size: 3000}}, epoch, nil); err != nil {
		t.Fatal(err)
	}
	packed := others(t, b.Bytes())
	for _, c := range cpio.Writable() {
		packed[c] = compress(t, c, cpio.Best, b.Bytes())
	}
	for c, data := range packed {
		for _, cut := range []int{20, 300, 1000, 2999} {
			if _, err := list(data[:cut], 1<<20); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s cut at %d of %d: %v", c, cut, len(data), err)
			}
		}
	}
}

func TestLimit(t *testing.T) {
	bomb := write(t, []tree.File{{Path: "zeros", Mode: 0o644, Body: make([]byte, 1<<20), Size: 1 << 20}})
	for _, c := range []cpio.Compression{cpio.Zstd, cpio.XZ, cpio.Gzip} {
		data := compress(t, c, cpio.Best, bomb)
		var tooLarge *cpio.TooLargeError
		if _, err := list(data, 1<<19); !errors.As(err, &tooLarge) || tooLarge.Limit != 1<<19 {
			t.Errorf("%s: %d bytes became a megabyte: %v", c, len(data), err)
		}
		if _, err := list(data, 2<<20); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		if _, err := list(append(data, data...), 3<<19); !errors.As(err, &tooLarge) {
			t.Errorf("%s: the limit holds for each segment, not for all: %v", c, err)
		}
	}
}

// TestNextSkipsContent goes on without reading the files.
func TestNextSkipsContent(t *testing.T) {
	r := cpio.NewReader(bytes.NewReader(compress(t, cpio.Zstd, cpio.Fast, write(t, sample))), 1<<20)
	defer r.Close()
	n := 0
	for {
		e, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Path == "bin/su" && (e.Size != 5 || e.Mode != fs.ModeSetuid|0o755 || !e.ModTime.Equal(epoch)) {
			t.Errorf("got %+v", e)
		}
	}
	if n != len(sample)+1 {
		t.Errorf("%d entries", n)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(write(f, sample))
	for _, c := range cpio.Writable() {
		f.Add(compress(f, c, cpio.Fast, tiny(f, "x")))
	}
	for _, data := range others(f, tiny(f, "x")) {
		f.Add(data)
	}
	data, _ := hex.DecodeString(bzip2Sample)
	f.Add(data)
	f.Add(lzop(f, tiny(f, "x"), "-9"))
	f.Add(lzop(f, write(f, sample), "-1", "--crc32"))
	f.Add(binary.LittleEndian.AppendUint32(nil, 0x184c2102))
	f.Fuzz(func(t *testing.T, data []byte) {
		if lines, err := list(data, 1<<20); err == nil && len(lines) > 1<<20/100+len(data)/100 {
			t.Errorf("%d entries out of %d bytes", len(lines), len(data))
		}
	})
}

const bzip2Sample = "" +
	"425a683931415926535904e3c353000028fe804c00080028037fc0372414000040200054350027a04c4da0824547a8d06868" +
	"0043097d7a083da949820c66c7c3d3980b0dd36a6b2ad765299275c31ff03250315a3821aab9e97c582e37ba1f8bb9229c28" +
	"480271e1a980"
