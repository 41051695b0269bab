package grub

import (
	"archive/tar"
	"errors"
	"io"

	"github.com/imgbuild/imgbuild/build/uki"
)

// Carried lists the files that a UEFI program carries in GRUB's memory disk, as EFILoader.Program puts them there; another program
// carries none. It reads programs of anyone's making.
func Carried(program io.ReaderAt) (files []Member, err error) {
	mods, err := uki.Find(program, modulesSection)
	if err != nil {
		return nil, nil
	}
	section := mods.Open(program)
	info := make([]byte, infoSize)
	if _, err := io.ReadFull(section, info); err != nil || le.Uint32(info) != infoMagic {
		return nil, nil
	}
	end := int64(min(le.Uint64(info[infoTotal:]), uint64(mods.Size)))
	object := make([]byte, objectHeader)
	for at := int64(min(le.Uint64(info[8:]), uint64(end))); at+objectHeader <= end; {
		if _, err := section.ReadAt(object, at); err != nil {
			return nil, err
		}
		size := int64(le.Uint32(object[4:]))
		if size < objectHeader || at+size > end {
			return nil, errors.New("reading the modules of GRUB: one leads past their end")
		}
		if le.Uint32(object) == memdiskType {
			return Members(io.NewSectionReader(section, at+objectHeader, size-objectHeader))
		}
		at += size
	}
	return nil, nil
}

// Members lists the files of a tar archive of anyone's making, where they lie.
func Members(disk *io.SectionReader) (files []Member, err error) {
	r := tar.NewReader(disk)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		at, err := disk.Seek(0, io.SeekCurrent) // its content begins where the archive was read up to
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg && h.Size <= disk.Size()-at {
			files = append(files, Member{h.Name, io.NewSectionReader(disk, at, h.Size)})
		}
	}
}
