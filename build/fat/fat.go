// Package fat writes FAT16 and FAT32 volumes: a few files, each in one piece, so that
// a loader which knows no file system can read them by sector number. It follows
// Microsoft's "FAT: General Overview of On-Disk Format", version 1.03.
package fat

import (
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
)

// File is one file of a volume; its directories are made as needed.
type File struct {
	// Path is slash-separated, relative to the volume's root: "EFI/BOOT/BOOTX64.EFI".
	Path string
	// Content has less than 4 GiB.
	Content extent.Content
}

// Options describe a volume beside its files.
type Options struct {
	// Size in bytes, a multiple of 512. Below 40 MiB the volume is FAT16, from there
	// on FAT32, which is what an EFI system partition of a fixed disk should be.
	Size int64
	// Label is the volume's name: up to 11 upper-case letters, digits, - and _.
	Label string
	// ID is the volume's serial number; Linux makes the volume's UUID of it.
	ID uint32
	// Epoch is the time of all files, in UTC. FAT's times begin in 1980: what is
	// earlier becomes that.
	Epoch time.Time
}

// Volume is a file system as an image.
type Volume struct {
	*extent.Image
	offsets map[string]int64
}

// Offset is where the content of a file begins, in bytes from the volume's start; it
// lies there in one piece. An empty file lies nowhere: 0.
func (v *Volume) Offset(path string) int64 {
	at, ok := v.offsets[path]
	if !ok {
		panic("BUG: the volume has no file " + path)
	}
	return at
}

// New composes a volume. Directories come first, files follow in the order given: as
// long as their names stay, where a file lies depends on the files before it only.
// Errors name the file, or the size that would do.
func New(o Options, files []File) (*Volume, error) {
	v, err := compose(o, files)
	if err != nil {
		return nil, fmt.Errorf("composing a FAT volume: %w", err)
	}
	return v, nil
}

func compose(o Options, files []File) (*Volume, error) {
	root, err := plant(files)
	if err != nil {
		return nil, err
	}
	label, err := encodeLabel(o.Label)
	if err != nil {
		return nil, err
	}
	g, err := divide(o.Size / sector)
	if err != nil {
		return nil, err
	}
	if need := g.need(root, files); need > g.clusters {
		return nil, fmt.Errorf("%d bytes are too few for the files, they need %d", o.Size, minSize(root, files, 0))
	}
	chains := newChains(g)
	root.allocate(g, chains)
	v := &Volume{extent.New(o.Size), map[string]int64{}}
	for _, f := range files {
		n := root.find(f.Path)
		n.cluster = chains.take(g.count(n.size))
		v.offsets[f.Path] = 0
		if n.size > 0 {
			v.offsets[f.Path] = g.offset(n.cluster)
			v.Place(g.offset(n.cluster), f.Content)
		}
	}
	g.placeBoot(v.Image, o.ID, label, chains)
	chains.place(v.Image)
	root.place(v.Image, g, stamp(o.Epoch), label)
	return v, nil
}

// MinSize is the size in bytes, in whole MiB, of the smallest volume that holds the
// files and has spare bytes left.
func MinSize(files []File, spare int64) (int64, error) {
	root, err := plant(files)
	if err != nil {
		return 0, fmt.Errorf("measuring a FAT volume: %w", err)
	}
	return minSize(root, files, spare), nil
}

func minSize(root *node, files []File, spare int64) int64 {
	const step = 1 << 20
	size := spare
	for _, f := range files {
		size += f.Content.Size()
	}
	for size = (size + step - 1) / step * step; ; size += step {
		if g, err := divide(size / sector); err == nil && g.need(root, files)+g.count(spare) <= g.clusters {
			return size
		}
	}
}
