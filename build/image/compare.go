package image

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Change is one difference between two images.
type Change struct {
	// Section is "kernel", "partition", "command line", "module" or "file".
	Section string `json:"section"`
	// Op is + for what only the second has, - for what only the first has, ~ for what
	// both have and is not the same.
	Op string `json:"op"`
	// Name of the file, module, partition, or the word of the command line.
	Name string `json:"name"`
	// Old and New sizes in bytes.
	Old int64 `json:"old,omitempty"`
	New int64 `json:"new,omitempty"`
	// What differs, for ~: "content", "mode -rw-r--r-- → -rwxr-xr-x".
	What []string `json:"what,omitempty"`
}

// sections in the order in which they are told.
var sections = []string{"kernel", "partition", "command line", "module", "file"}

// Compare tells the differences, sorted by section and name. Modules of different
// kernels are compared by their place below the release.
func Compare(a, b *Summary) []Change {
	var all []Change
	all = append(all, comparePartitions(a.Partitions, b.Partitions)...)
	all = append(all, compareCmdlines(a.Cmdlines, b.Cmdlines)...)
	all = append(all, compareFiles(a.Tree, b.Tree)...)
	slices.SortStableFunc(all, func(x, y Change) int {
		if s := slices.Index(sections, x.Section) - slices.Index(sections, y.Section); s != 0 {
			return s
		}
		return strings.Compare(x.Name, y.Name)
	})
	return all
}

// both goes through the keys of two maps in order.
func both[V any](a, b map[string]V, each func(key string, inA, inB bool)) {
	keys := maps.Clone(a)
	if keys == nil {
		keys = map[string]V{}
	}
	maps.Copy(keys, b)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		_, inA := a[k]
		_, inB := b[k]
		each(k, inA, inB)
	}
}

func comparePartitions(a, b []Partition) (all []Change) {
	byName := func(list []Partition) map[string]Partition {
		m := map[string]Partition{}
		for _, p := range list {
			m[p.Name] = p
		}
		return m
	}
	x, y := byName(a), byName(b)
	both(x, y, func(name string, inA, inB bool) {
		p, q := x[name], y[name]
		c := Change{Section: "partition", Op: op(inA, inB), Name: name, Old: p.Size, New: q.Size}
		if c.Op == "~" {
			if p.Type != q.Type {
				c.What = append(c.What, fmt.Sprintf("type %s → %s", p.Type, q.Type))
			}
			if p.Offset != q.Offset {
				c.What = append(c.What, fmt.Sprintf("start %d → %d", p.Offset, q.Offset))
			}
			if p.Size == q.Size && c.What == nil {
				return
			}
		}
		all = append(all, c)
	})
	return all
}

func op(inA, inB bool) string {
	switch {
	case !inA:
		return "+"
	case !inB:
		return "-"
	}
	return "~"
}

// compareCmdlines compares word by word what both images have.
func compareCmdlines(a, b map[string]string) (all []Change) {
	both(a, b, func(where string, inA, inB bool) {
		if !inA || !inB {
			return // the file it stands in is told of
		}
		x, y := strings.Fields(strings.TrimRight(a[where], "\x00")), strings.Fields(strings.TrimRight(b[where], "\x00"))
		before := len(all)
		for _, w := range x {
			if !slices.Contains(y, w) {
				all = append(all, Change{Section: "command line", Op: "-", Name: w})
			}
		}
		for _, w := range y {
			if !slices.Contains(x, w) {
				all = append(all, Change{Section: "command line", Op: "+", Name: w})
			}
		}
		if len(all) == before && !slices.Equal(x, y) {
			all = append(all, Change{Section: "command line", Op: "~", Name: where, What: []string{"order, or how often a word stands there"}})
		}
	})
	return all
}

// released matches a file below a kernel's modules.
var released = regexp.MustCompile(`^((?:.*/)?lib/modules/)([^/]+)/(.+)$`)

var module = regexp.MustCompile(`\.ko(\.(gz|xz|zst))?$`)

// byPlace sorts a tree's files by path, the kernel's release in it left out, and tells
// the releases.
func byPlace(t *Tree) (files map[string]*Node, releases map[string]bool) {
	files, releases = map[string]*Node{}, map[string]bool{}
	for _, n := range t.Nodes() {
		key := n.Path
		if m := released.FindStringSubmatch(key); m != nil {
			releases[m[2]] = true
		}
		files[key] = n
	}
	if len(releases) != 1 { // with several, their modules must not be mixed up
		return files, releases
	}
	placed := map[string]*Node{}
	for key, n := range files {
		if m := released.FindStringSubmatch(key); m != nil {
			key = m[1] + "*/" + m[3]
		} else if i := strings.LastIndex(key, "lib/modules/"); i >= 0 && releases[key[i+len("lib/modules/"):]] {
			key = key[:i] + "lib/modules/*"
		}
		placed[key] = n
	}
	return placed, releases
}

func compareFiles(a, b *Tree) (all []Change) {
	x, relA := byPlace(a)
	y, relB := byPlace(b)
	if len(relA) == 1 && len(relB) == 1 && !maps.Equal(relA, relB) {
		all = append(all, Change{Section: "kernel", Op: "~", Name: "release", What: []string{list(relA) + " → " + list(relB)}})
	}
	both(x, y, func(place string, inA, inB bool) {
		c := Change{Section: "file", Op: op(inA, inB), Name: place}
		if m := released.FindStringSubmatch(place); m != nil && module.MatchString(place) {
			c.Section, c.Name = "module", m[3]
		}
		var p, q *Node
		if inA {
			p = x[place]
			c.Old = p.Size
		}
		if inB {
			q = y[place]
			c.New = q.Size
		}
		if c.Op == "~" {
			if c.What = differences(p, q); c.What == nil {
				return
			}
		}
		all = append(all, c)
	})
	return all
}

func list(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), ", ")
}

// differences between two files at one place. Of an image within the image its files are
// compared, and not the image; times are not compared.
func differences(a, b *Node) (what []string) {
	add := func(differs bool, format string, args ...any) {
		if differs {
			what = append(what, fmt.Sprintf(format, args...))
		}
	}
	add(a.Mode != b.Mode, "mode %s → %s", a.Mode, b.Mode)
	add(a.UID != b.UID || a.GID != b.GID, "owner %d:%d → %d:%d", a.UID, a.GID, b.UID, b.GID)
	add(a.Link != b.Link, "target %s → %s", a.Link, b.Link)
	add(a.Mode&b.Mode&fs.ModeDevice != 0 && (a.Major != b.Major || a.Minor != b.Minor), "device %d,%d → %d,%d", a.Major, a.Minor, b.Major, b.Minor)
	add(a.Kind != b.Kind, "kind %q → %q", a.Kind, b.Kind)
	if a.Mode.IsRegular() && b.Mode.IsRegular() && a.Kind == "" && b.Kind == "" {
		add(a.content.SHA256 != b.content.SHA256 || a.Size != b.Size, "content")
	}
	return what
}
