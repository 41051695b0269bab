package deb

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// dynamic reads what an ELF file asks of the loader: nil for one that asks nothing,
// such as a kernel module or a static program, and for what is no ELF file at all.
func dynamic(r io.ReaderAt) (*ELF, error) {
	head := make([]byte, 20)
	if _, err := r.ReadAt(head, 0); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	if !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return nil, nil
	}
	// e_type in the byte order of EI_DATA. Of 4,000 kernel modules, most of a
	// kernel's package, no section need be read.
	var order binary.ByteOrder = binary.LittleEndian
	if elf.Data(head[5]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	if t := elf.Type(order.Uint16(head[16:])); t != elf.ET_EXEC && t != elf.ET_DYN {
		return nil, nil
	}
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("reading an ELF file: %w", err)
	}
	defer f.Close()
	var e ELF
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			name, err := io.ReadAll(p.Open())
			if err != nil {
				return nil, fmt.Errorf("reading an ELF file's interpreter: %w", err)
			}
			e.Interp = string(bytes.TrimRight(name, "\x00"))
		}
	}
	// A file without a dynamic section gives none of these, and no error.
	if e.Needed, err = f.DynString(elf.DT_NEEDED); err != nil {
		return nil, fmt.Errorf("reading an ELF file's libraries: %w", err)
	}
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		dirs, err := f.DynString(tag)
		if err != nil {
			return nil, fmt.Errorf("reading an ELF file's run path: %w", err)
		}
		for _, list := range dirs {
			e.RunPath = append(e.RunPath, strings.Split(list, ":")...)
		}
		if len(e.RunPath) > 0 {
			break
		}
	}
	if e.Interp == "" && len(e.Needed) == 0 {
		return nil, nil
	}
	return &e, nil
}

// script returns what stands after #! in the first line of a file, given its first
// bytes. The kernel reads 256 of them (BINPRM_BUF_SIZE).
func script(head []byte) string {
	rest, ok := bytes.CutPrefix(head, []byte("#!"))
	if !ok {
		return ""
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return strings.Join(strings.Fields(string(line)), " ")
}
