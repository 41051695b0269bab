package holder

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/order"
)

// maxStack is how deep devices may be built of each other: a file system on LVM on LUKS on md on a partition is
// four deep.
const maxStack = 8

// Of tells who holds a device of the kernel's name; see the function.
func (t *Table) Of(device string) []Holder {
	if disk := t.disk(device); disk != "" {
		found := append(t.above(path.Join("block", disk, device), "", 0), t.above(path.Join("block", disk), "", 0)...)
		return append(found, t.below(disk)...)
	}
	found := t.above(path.Join("block", device), "", 0)
	for _, part := range t.parts(device) {
		found = append(found, t.above(path.Join("block", device, part), "", 0)...)
	}
	return append(found, t.below(device)...)
}

// OfFile tells who holds a plain file.
func (t *Table) OfFile(file string) []Holder {
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	if full, err := filepath.Abs(file); err == nil {
		file = full
	}
	return t.file(file, "")
}

// above follows what is built on a device: md, dm and the like name themselves in holders.
func (t *Table) above(dir, on string, depth int) (found []Holder) {
	name, number := path.Base(dir), t.text(dir, "dev")
	add := func(h Holder) {
		h.What, h.On = name, on
		found = append(found, h)
	}
	mounts := append(slices.Clone(t.mounts[number]), t.mounts[node(name)]...)
	order.By(mounts, func(a, b mounted) int { return strings.Compare(a.where, b.where) })
	for _, m := range slices.Compact(mounts) {
		add(Holder{Kind: Mount, Name: m.where, Reads: m.reads})
	}
	if slices.Contains(t.swaps, node(name)) {
		add(Holder{Kind: Swap})
	}
	for _, h := range t.users(number, "") {
		add(h)
	}
	holders, err := fs.ReadDir(t.sys, path.Join(dir, "holders"))
	if err != nil || depth > maxStack {
		return found
	}
	for _, e := range holders {
		held := e.Name()
		h := Holder{Kind: Other, Name: held, Device: held}
		if mapped := t.text("block", held, "dm/name"); mapped != "" {
			h.Kind, h.Name = Mapped, mapped
		} else if t.text("block", held, "md/level") != "" || strings.HasPrefix(held, "md") {
			h.Kind = Array
		}
		add(h)
		found = append(found, t.disks(held, name, depth+1)...)
	}
	return found
}

// disks is above for a disk that stands on something else, with its partitions.
func (t *Table) disks(disk, on string, depth int) []Holder {
	found := t.above(path.Join("block", disk), on, depth)
	for _, part := range t.parts(disk) {
		found = append(found, t.above(path.Join("block", disk, part), on, depth)...)
	}
	return found
}

// below tells who else uses the file behind a loop device.
func (t *Table) below(device string) []Holder {
	for _, l := range t.loops {
		if l.device == device {
			return t.file(l.file, device)
		}
	}
	return nil
}

// file follows what is built on a file, but for one loop device.
func (t *Table) file(file, except string) (found []Holder) {
	add := func(h Holder) {
		h.What = file
		found = append(found, h)
	}
	for _, swap := range t.swaps {
		if same(swap, file) {
			add(Holder{Kind: Swap})
		}
	}
	for _, m := range t.mounts[file] { // erofs needs no loop device
		add(Holder{Kind: Mount, Name: m.where, Reads: m.reads})
	}
	for _, h := range t.users("", file) {
		add(h)
	}
	for _, l := range t.loops {
		if l.device != except && same(l.file, file) {
			add(Holder{Kind: Loop, Name: l.device, Device: l.device, Reads: t.text("block", l.device, "ro") == "1"})
			found = append(found, t.disks(l.device, file, 1)...)
		}
	}
	return found
}

// same says whether two paths lead to one file: by another mount or container, too. Files of other names are not looked
// at, for one on a dead network server would not answer.
func same(a, b string) bool {
	if a == b || path.Base(a) != path.Base(b) {
		return a == b
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
