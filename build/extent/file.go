package extent

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// FromFile returns the image that a raw image file holds. The holes of a sparse file
// are left out, where its file system tells them; the file must stay open and as it
// is for as long as the image is read.
func FromFile(f *os.File) (*Image, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("measuring %s: %w", f.Name(), err)
	}
	m := New(size)
	for at := int64(0); at < size; {
		data, err := f.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // nothing but a hole up to the end
			break
		}
		if err != nil {
			return nil, fmt.Errorf("looking for the data of %s behind byte %d: %w", f.Name(), at, err)
		}
		if at, err = f.Seek(data, unix.SEEK_HOLE); err != nil {
			return nil, fmt.Errorf("looking for the holes of %s behind byte %d: %w", f.Name(), data, err)
		}
		m.Place(data, io.NewSectionReader(f, data, min(at, size)-data))
	}
	return m, nil
}
