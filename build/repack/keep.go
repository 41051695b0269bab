package repack

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/image"
)

// kept is what of an original goes into the one archive.
type kept struct {
	// at is the file that is written where an entry of the original was, by its number.
	at map[int]*image.Node
	// names a file has.
	names map[*image.Content]uint32
}

// keep finds what stays of the main archive, which begins with the entry of that number: neither what
// is replaced by an addition nor what the original has replaced itself, in a later archive of several.
func (s *original) keep(added []addition, main int) *kept {
	replaced := map[*image.Node]bool{}
	for _, a := range added {
		replaced[a.old] = true
	}
	k := &kept{map[int]*image.Node{}, map[*image.Content]uint32{}}
	files := map[*image.Content][]*image.Node{}
	for _, n := range s.tree.Nodes() {
		switch number := s.number[n]; {
		case replaced[n] || number < main:
		case n.Mode.IsRegular():
			files[n.Content()] = append(files[n.Content()], n)
		default:
			k.at[number] = n
		}
	}
	for content, names := range files {
		k.names[content] = uint32(len(names))
		for _, n := range names {
			k.at[s.number[n]] = n
		}
		if k.at[content.Number] == nil {
			n := s.carrier(names, content.Number)
			delete(k.at, s.number[n])
			k.at[content.Number] = n
		}
	}
	return k
}

// carrier is the name of a file that takes the place of the one that came with the content, and which is gone: the last
// before it, so that it stays the last of all, else the first behind it.
func (s *original) carrier(names []*image.Node, content int) *image.Node {
	best := names[0]
	for _, n := range names[1:] {
		was, is := s.number[best], s.number[n]
		if is < content && (was > content || is > was) || is > content && was > content && is < was {
			best = n
		}
	}
	return best
}

// copy writes the entries to an archive.
func (k *kept) copy(ctx context.Context, a *cpio.Archive, from extent.Content) error {
	// How much may come out of it was seen when it was read for the first time.
	r := cpio.NewReader(io.NewSectionReader(from, 0, from.Size()), math.MaxInt64)
	defer r.Close()
	numbers := map[*image.Content]uint32{}
	for number := 0; ; number++ {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		n := k.at[number]
		if n == nil {
			continue
		}
		e := &cpio.Entry{Path: n.Path, Mode: n.Mode, UID: n.UID, GID: n.GID, Links: 1, ModTime: n.ModTime, Link: n.Link, Major: n.Major, Minor: n.Minor}
		var content io.Reader
		switch c := n.Content(); {
		case n.Mode.IsDir():
			e.Links = 2
		case n.Mode.IsRegular():
			e.Links, e.Inode = k.names[c], numbers[c]
			if c.Number == number {
				e.Size, content = c.Size, r
			}
		}
		if err := a.Add(e, content); err != nil {
			return err
		}
		numbers[n.Content()] = e.Inode
	}
}
