package efivars

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/imgbuild/imgbuild/build/layout"
)

// Entry is an entry of the firmware's boot menu.
type Entry struct {
	Title string
	// Disk's partition Number holds the program at Path, such as \EFI\BOOT\BOOTX64.EFI.
	Partition layout.Partition
	Number    int
	Path      string
	// Options are what the program gets to read as its load options.
	Options string
}

// AddEntry returns a copy of OVMF's variables, empty ones or those of Enrol, with an entry that is the first to be started.
func AddEntry(variables []byte, e Entry) ([]byte, error) {
	flash := bytes.Clone(variables)
	room, err := unused(flash)
	if err != nil {
		return nil, fmt.Errorf("adding a boot entry to UEFI variables: %w", err)
	}
	all := append(variable("Boot0000", global, kept|runtime, e.encode()), variable("BootOrder", global, kept|runtime, []byte{0, 0})...)
	if len(all) > len(room) {
		return nil, fmt.Errorf("adding a boot entry to UEFI variables: %d bytes do not fit into %d", len(all), len(room))
	}
	copy(room, all)
	return flash, nil
}

// unused is the part of the store behind its last variable.
func unused(flash []byte) ([]byte, error) {
	room, err := variables(flash)
	if err != nil {
		return nil, err
	}
	for len(room) >= variableHeader && le.Uint16(room) == variableStart {
		size := uint64(variableHeader) + uint64(le.Uint32(room[36:])) + uint64(le.Uint32(room[40:]))
		if size = (size + 3) &^ 3; size > uint64(len(room)) {
			return nil, errors.New("a variable does not end in the store")
		}
		room = room[size:]
	}
	return room, nil
}

// encode writes an EFI_LOAD_OPTION (UEFI specification, section 3.1.3).
func (e Entry) encode() []byte {
	path := e.path()
	b := le.AppendUint32(nil, 1) // active
	b = le.AppendUint16(b, uint16(len(path)))
	b = append(append(b, wide(e.Title)...), path...)
	return append(b, wide(e.Options)...)
}

// path is a device path in short form (section 10.3.5): a partition of a disk with a GUID partition table, and a file.
func (e Entry) path() []byte {
	id := e.Partition.GUID.Mixed()
	b := []byte{4, 1, 42, 0}
	b = le.AppendUint32(b, uint32(e.Number))
	b = le.AppendUint64(b, uint64(e.Partition.Start))
	b = le.AppendUint64(b, uint64(e.Partition.Size))
	b = append(append(b, id[:]...), 2, 2)
	file := wide(e.Path)
	b = le.AppendUint16(append(b, 4, 4), uint16(4+len(file)))
	return append(append(b, file...), 0x7f, 0xff, 4, 0)
}

// wide is text in UTF-16 with its final zero.
func wide(text string) (b []byte) {
	for _, unit := range append(utf16.Encode([]rune(text)), 0) {
		b = le.AppendUint16(b, unit)
	}
	return b
}
