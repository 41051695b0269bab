package fat

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/imgbuild/imgbuild/build/extent"
)

// Entry is a file or a directory of a volume that is read.
type Entry struct {
	// Path is slash-separated, relative to the volume's root.
	Path    string
	Dir     bool
	ModTime time.Time
	// Content of a file; nil for a directory.
	Content *extent.Image
}

// attrVolume is set for the volume's label and for parts of long names.
const attrVolume = 0x08

// maxDirectories bounds how many directories a damaged volume makes us read.
const maxDirectories = 1 << 16

// Walk calls visit with everything on the volume, in the order of its directories, a
// directory before what it holds. An error of visit ends the walk.
func (r *Reader) Walk(visit func(Entry) error) error {
	w := &walk{r: r, visit: visit, seen: map[int64]bool{}}
	var root *extent.Image
	if r.bits != 32 {
		root = extent.New(r.rootSize)
		root.Place(0, io.NewSectionReader(r.volume, r.root, r.rootSize))
	} else {
		var err error
		if root, err = r.chain(r.root, -1); err != nil {
			return fmt.Errorf("reading the root directory of a FAT volume: %w", err)
		}
		w.seen[r.root] = true
	}
	return w.directory("", root)
}

type walk struct {
	r     *Reader
	visit func(Entry) error
	seen  map[int64]bool // directories by their first cluster
}

// directory visits what a directory holds.
func (w *walk) directory(dir string, content *extent.Image) error {
	var long []uint16
	in := io.NewSectionReader(content, 0, content.Size())
	for e := make([]byte, entrySize); ; {
		if _, err := io.ReadFull(in, e); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading the directory %q of a FAT volume: %w", dir, err)
		}
		switch {
		case e[0] == 0: // nothing follows
			return nil
		case e[0] == 0xe5: // removed
			long = nil
		case e[11]&attrLong == attrLong:
			long = append(longPart(e), long...)
		case e[11]&attrVolume != 0 || e[0] == '.':
			long = nil
		default:
			name := shortText(e)
			if long != nil && len(long) <= nameMax+longUnitsEach {
				name = longText(long)
			}
			long = nil
			if err := w.entry(dir, name, e); err != nil {
				return err
			}
		}
		if len(long) > 20*longUnitsEach { // no name is that long
			long = nil
		}
	}
}

func (w *walk) entry(dir, name string, e []byte) error {
	path := strings.TrimPrefix(dir+"/"+name, "/")
	wrap := func(err error) error { return fmt.Errorf("reading %s of a FAT volume: %w", path, err) }
	first := int64(le.Uint16(e[26:]))
	if w.r.bits == 32 {
		first |= int64(le.Uint16(e[20:])) << 16
	}
	entry := Entry{Path: path, ModTime: unstamp(le.Uint32(e[22:]))}
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return wrap(fmt.Errorf("%q is no name", name))
	}
	if e[11]&attrDirectory == 0 {
		var err error
		if entry.Content, err = w.r.chain(first, int64(le.Uint32(e[28:]))); err != nil {
			return wrap(err)
		}
		return w.visit(entry)
	}
	if w.seen[first] || len(w.seen) > maxDirectories {
		return wrap(errors.New("its directories lead in a circle, or are too many"))
	}
	w.seen[first] = true
	content, err := w.r.chain(first, -1)
	if err != nil {
		return wrap(err)
	}
	entry.Dir = true
	if err := w.visit(entry); err != nil {
		return err
	}
	return w.directory(path, content)
}

// longPart takes the part of a long name out of its record.
func longPart(e []byte) []uint16 {
	part := make([]uint16, longUnitsEach)
	for i, at := range longPlaces {
		part[i] = le.Uint16(e[at:])
	}
	return part
}

func longText(units []uint16) string {
	for i, u := range units {
		if u == 0 {
			units = units[:i]
			break
		}
	}
	return string(utf16.Decode(units))
}

// shortText is the name of eight and three. Two bits say which half was typed in small
// letters: Windows and Linux write them rather than a long name.
func shortText(e []byte) string {
	const smallBase, smallExt = 0x08, 0x10
	base, ext := strings.TrimRight(string(e[:8]), " "), strings.TrimRight(string(e[8:11]), " ")
	if e[12]&smallBase != 0 {
		base = strings.ToLower(base)
	}
	if e[12]&smallExt != 0 {
		ext = strings.ToLower(ext)
	}
	if strings.HasPrefix(base, "\x05") { // stands for a letter that means "removed"
		base = "\xe5" + base[1:]
	}
	if ext != "" {
		base += "." + ext
	}
	return strings.ToValidUTF8(base, "_")
}

func unstamp(t uint32) time.Time {
	date, clock := int(t>>16), int(t&0xffff)
	return time.Date(1980+date>>9, time.Month(date>>5&15), date&31, clock>>11, clock>>5&63, clock&31*2, 0, time.UTC)
}
