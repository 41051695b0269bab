package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
)

// kindNames are what the kinds of entries are in words. One that is missing here goes by its own name.
var kindNames = map[string]string{
	"busybox": "u-root's commands and ours, compiled", "deb": "Debian packages", "deb-tree-1": "the same, unpacked", "ext4": "empty state partitions",
	"go-version": "versions of Go", "grub": "GRUB, composed", "kmod": "kernels' modules, listed", "notice": "licences of packages",
	"oci-blob": "container images, as registries have them", "oci-layer": "their layers, packed",
	"papers": "licences of Go modules", "resolve": "packages as apt chose them", "rules": "verdicts on packet filters", "segment": "parts of initramfs, packed",
	"uinit": "inits, compiled", "usr": "/usr, packed", "vmlinux": "kernels for QEMU, unpacked",
}

// kindSum is all entries of a kind.
type kindSum struct {
	kind    string
	entries int
	size    int64
	used    time.Time
}

// byKind sums entries up, the largest kind first.
func byKind(items []cache.Item) (sums []kindSum) {
	for _, item := range items {
		i := slices.IndexFunc(sums, func(s kindSum) bool { return s.kind == item.Kind })
		if i < 0 {
			i, sums = len(sums), append(sums, kindSum{kind: item.Kind})
		}
		s := &sums[i]
		s.entries, s.size = s.entries+1, s.size+item.Size
		if item.Used.After(s.used) {
			s.used = item.Used
		}
	}
	slices.SortFunc(sums, func(a, b kindSum) int {
		return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.kind, b.kind))
	})
	return sums
}

// printKinds prints a line for each kind.
func printKinds(w io.Writer, items []cache.Item) {
	for _, s := range byKind(items) {
		fmt.Fprintf(w, "%-12s %11s %8.1f MB  used %s  %s\n", s.kind, entries(s.entries), float64(s.size)/1e6, s.used.Format(time.DateTime), cmp.Or(kindNames[s.kind], s.kind))
	}
}
