package flash

import (
	"fmt"
	"strings"
)

// RefusedError says why a disk is not written to.
type RefusedError struct {
	Path, Reason string
}

func (e *RefusedError) Error() string { return e.Path + " is not written to: " + e.Reason }

// imageSector is the unit that partition tables of our images count in, in bytes.
const imageSector = 512

// Refuse tells why an image of so many bytes must not be written to the disk, or nil. A
// disk that is built in needs fixed to be set.
func Refuse(d Disk, size int64, fixed bool) error {
	refused := func(format string, args ...any) error {
		return &RefusedError{d.Path, fmt.Sprintf(format, args...)}
	}
	switch {
	case d.System:
		return refused("the running system lives on it: %s", strings.Join(d.Uses, ", "))
	case len(d.Uses) > 0:
		return refused("it is in use: %s", strings.Join(d.Uses, ", "))
	case d.Size == 0 && d.Number != "": // a card reader, say
		return refused("there is no medium in it")
	case d.ReadOnly:
		return refused("it is write-protected")
	case d.Size < size:
		return refused("it has %s (%d bytes), the image %s (%d bytes)", Bytes(d.Size), d.Size, Bytes(size), size)
	case d.Sector > imageSector:
		return refused("its sectors have %d bytes, and firmware would look for the image's partition table in sectors of %d", d.Sector, imageSector)
	case !fixed && !d.plain() && !d.External():
		return refused("it is built in, not removable; --fixed-disk allows it")
	}
	return nil
}
