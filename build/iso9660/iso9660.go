// Package iso9660 writes ISO 9660 file systems (ECMA-119) with the names and modes
// of Rock Ridge (IEEE P1282) and El Torito boot entries, the same bytes every time.
package iso9660

import (
	"bytes"
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
)

// Block is the unit in which the file system counts, in bytes.
const Block = 2048

// File is one file; its directories are made as needed.
type File struct {
	// Path is slash-separated, relative to the root: "boot/grub/grub.cfg". Each name
	// has at most 100 bytes.
	Path string
	// Content has less than 4 GiB.
	Content extent.Content
}

// Options describe a file system beside its files.
type Options struct {
	// VolumeID is the volume's name: up to 32 of A to Z, 0 to 9 and _.
	VolumeID string
	// Epoch is the time of everything. ISO 9660 has room for the years 1900 to 2155.
	Epoch time.Time
	// Boot are the ways in which firmware can start from the CD.
	Boot []Boot
	// Padding in bytes, at least, follows the files; the volume's size becomes a
	// multiple of Whole, unless that is 0.
	Padding, Whole int64
}

// Volume is a file system as an image. Its first 32 KiB, the system area, are empty:
// a medium may put its boot sectors there.
type Volume struct {
	*extent.Image
	blocks map[string]int64
}

// Block is where the content of a file begins, in blocks of 2048 bytes; it lies there
// in one piece. An empty file lies nowhere: 0.
func (v *Volume) Block(path string) int64 {
	at, ok := v.blocks[path]
	if !ok {
		panic("BUG: the volume has no file " + path)
	}
	return at
}

// The first blocks stand in the order of the standards; the tables of the directories'
// places follow.
const (
	primaryBlock = 16
	bootBlock    = 17
	endBlock     = 18
	catalogBlock = 19
	firstFree    = 20
)

// New composes a file system. Directories come first, files follow in the order given:
// as long as their names stay, where a file lies depends on the files before it only.
// Errors name the file.
func New(o Options, files []File) (*Volume, error) {
	v, err := compose(o, files)
	if err != nil {
		return nil, fmt.Errorf("composing an ISO 9660 file system: %w", err)
	}
	return v, nil
}

func compose(o Options, files []File) (*Volume, error) {
	if err := checkVolumeID(o.VolumeID); err != nil {
		return nil, err
	}
	if year := o.Epoch.UTC().Year(); year < 1900 || year > 1900+255 {
		return nil, fmt.Errorf("the time %s lies outside 1900 to 2155", o.Epoch.UTC().Format(time.RFC3339))
	}
	root, err := plant(files)
	if err != nil {
		return nil, err
	}
	dirs := root.directories()
	tableBlocks := blocks(int64(len(pathTable(dirs, le))))
	next := firstFree + 2*tableBlocks
	for _, d := range dirs {
		d.block = next
		next += d.size / Block
	}
	v := &Volume{blocks: map[string]int64{}}
	for _, f := range files {
		n := root.find(f.Path)
		if n.size > 0 {
			n.block = next
			next += blocks(n.size)
		}
		v.blocks[f.Path] = n.block
	}
	next += blocks(o.Padding)
	if o.Whole > 0 {
		next = blocks((next*Block + o.Whole - 1) / o.Whole * o.Whole)
	}

	v.Image = extent.New(next * Block)
	place := func(block int64, b []byte) { v.Place(block*Block, bytes.NewReader(b)) }
	place(primaryBlock, primary(o, root, next, tableBlocks, int64(len(pathTable(dirs, le)))))
	if len(o.Boot) > 0 {
		catalog, err := v.catalog(o.Boot, root)
		if err != nil {
			return nil, err
		}
		place(bootBlock, bootRecord())
		place(catalogBlock, catalog)
	} else {
		place(bootBlock, terminator())
	}
	place(endBlock, terminator())
	place(firstFree, pathTable(dirs, le))
	place(firstFree+tableBlocks, pathTable(dirs, be))
	for _, d := range dirs {
		place(d.block, d.encode(o.Epoch))
	}
	for _, f := range files {
		if f.Content.Size() > 0 {
			v.Place(root.find(f.Path).block*Block, f.Content)
		}
	}
	return v, nil
}

func blocks(bytes int64) int64 { return (bytes + Block - 1) / Block }
