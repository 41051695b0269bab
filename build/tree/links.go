package tree

import "slices"

// Links are the files of a list that have more than one name in it.
type Links map[linked][]string

// linked is what names of one file must agree in: an overlay may have replaced one of them.
type linked struct {
	same     string
	mode     uint32
	uid, gid uint32
	size     int64
	content  string
}

func identity(f File) linked {
	return linked{f.Same, uint32(f.Mode), f.UID, f.GID, f.Size, hash(f)}
}

// LinksOf finds the names of each file among those listed. What lies in another list, which is
// another archive, is another file.
func LinksOf(files []File) Links {
	l := Links{}
	for _, f := range files {
		if f.Same != "" && f.Mode.IsRegular() {
			l[identity(f)] = append(l[identity(f)], f.Path)
		}
	}
	for id, names := range l {
		if len(names) == 1 {
			delete(l, id)
		}
		slices.Sort(names)
	}
	return l
}

// Names are those of a file, its own among them, sorted; none where it has just one.
func (l Links) Names(f File) []string {
	if f.Same == "" || !f.Mode.IsRegular() {
		return nil
	}
	return l[identity(f)]
}

// Size of a list's content in bytes. A file counts once, whatever its names.
func Size(files []File) int64 {
	links, size := LinksOf(files), int64(0)
	for _, f := range files {
		size += links.Size(f)
	}
	return size
}

// Content is the name that a file's content goes with: the last of its names, or the only one.
func (l Links) Content(f File) string {
	if names := l.Names(f); names != nil {
		return names[len(names)-1]
	}
	return f.Path
}

// Size is what f adds to an archive in bytes: nothing where its content goes with another name.
func (l Links) Size(f File) int64 {
	if l.Content(f) != f.Path {
		return 0
	}
	return f.Size
}
