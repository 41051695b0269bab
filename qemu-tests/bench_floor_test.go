package qemu_tests

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/tree"
)

// floorLine is what the floor's init says: all that a kernel can do by itself is done.
const floorLine = "the floor is reached"

// floorInitrd packs the least init there is: it says floorLine and waits.
func floorInitrd(t *testing.T) string {
	t.Helper()
	program := floorProgram(floorLine + "\n")
	path := filepath.Join(t.TempDir(), "floor")
	var archive bytes.Buffer
	if err := cpio.Write(&archive, []tree.File{
		{Path: "dev", Mode: fs.ModeDir | 0o755},
		{Path: "dev/console", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600, Major: 5, Minor: 1},
		{Path: "init", Mode: 0o755, Body: program, Size: int64(len(program))},
	}, time.Unix(0, 0), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, archive.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// floorProgram is a static program for x86-64 without libraries or a runtime: write(2) to
// standard output, then pause(2) for ever.
func floorProgram(text string) []byte {
	const base, headers = 0x400000, 64 + 56
	code := []byte{
		0xb8, 1, 0, 0, 0, // mov eax, SYS_write
		0xbf, 1, 0, 0, 0, // mov edi, 1
		0x48, 0x8d, 0x35, 14, 0, 0, 0, // lea rsi, [rip+14]: text
		0xba, byte(len(text)), 0, 0, 0, // mov edx, len(text)
		0x0f, 0x05, // syscall
		0xb8, 34, 0, 0, 0, // mov eax, SYS_pause
		0x0f, 0x05, // syscall
		0xeb, 0xf7, // jmp back to pause
	}
	binary.LittleEndian.PutUint32(code[13:], uint32(len(code)-17)) // from the end of lea
	size := uint64(headers + len(code) + len(text))
	le := binary.LittleEndian
	b := append([]byte("\x7fELF"), 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0) // 64 bits, little endian, System V
	b = le.AppendUint16(b, 2)                                          // ET_EXEC
	b = le.AppendUint16(b, 62)                                         // EM_X86_64
	b = le.AppendUint32(b, 1)
	b = le.AppendUint64(b, base+headers) // entry
	b = le.AppendUint64(b, 64)           // program headers
	b = le.AppendUint64(b, 0)            // no section headers
	b = le.AppendUint32(b, 0)
	for _, v := range []uint16{64, 56, 1, 0, 0, 0} { // sizes and numbers of headers
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(b, 1) // PT_LOAD
	b = le.AppendUint32(b, 5) // readable, executable
	for _, v := range []uint64{0, base, base, size, size, 0x1000} {
		b = le.AppendUint64(b, v)
	}
	return append(append(b, code...), text...)
}
