package flash

import (
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/extent"
)

// chunk is how many bytes are read and written at once.
const chunk = 4 << 20

// Plan is what is to be written to a disk.
type Plan struct {
	// Image is the disk image, as it is to lie at the disk's start.
	Image extent.Content
	// DiskSize in bytes.
	DiskSize int64
	// Tail lies at the disk's end, where partition tables have their backup: that of
	// the image, or zeros, so that no table of former times is found.
	Tail []byte
	// Moved says that the image has a partition table, and that it was fitted to the disk.
	Moved bool
	// Unmoved is why a partition table was left as it is; nil where there is none.
	Unmoved error
}

// tailSize is the room that a partition table's backup usually takes.
const tailSize = 33 * imageSector

// Make plans writing an image to a disk of so many bytes, which must not be less than
// the image's.
func Make(image extent.Content, diskSize int64) (*Plan, error) {
	p := &Plan{Image: image, DiskSize: diskSize}
	if room := diskSize - image.Size(); room <= 0 {
		return p, nil
	}
	head := make([]byte, min(chunk, image.Size()))
	if _, err := image.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading the image's start: %w", err)
	}
	start, backup, err := relocate(image, head, diskSize/imageSector)
	if err != nil {
		p.Unmoved = fmt.Errorf("moving the backup of the partition table to the disk's end: %w", err)
	}
	if backup == nil {
		p.Tail = make([]byte, min(tailSize, diskSize-image.Size()))
		return p, nil
	}
	p.Tail, p.Moved = backup, true
	// On a disk that is hardly larger, the backup overlaps the one that the image has.
	p.Image = &patched{image, start, p.tailOffset(), backup}
	return p, nil
}

// tailOffset is where the tail lies.
func (p *Plan) tailOffset() int64 { return p.DiskSize - int64(len(p.Tail)) }

// patched is a content with another start, and another end where that reaches into it.
type patched struct {
	extent.Content
	start []byte
	endAt int64
	end   []byte
}

func (p *patched) ReadAt(b []byte, at int64) (int, error) {
	n, err := p.Content.ReadAt(b, at)
	lay(b[:n], at, p.start, 0)
	lay(b[:n], at, p.end, p.endAt)
	return n, err
}

// lay copies what lies at a place over what was read at another, where they meet.
func lay(b []byte, at int64, over []byte, overAt int64) {
	from, to := max(at, overAt), min(at+int64(len(b)), overAt+int64(len(over)))
	if from < to {
		copy(b[from-at:to-at], over[from-overAt:])
	}
}
