package console

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ofGuest says whether an interface is this machine's end of a guest's or a container's: nobody logs in by it. A tap says so itself; of a pair
// (veth) the other end is where it leads, and nothing of it lies below it (Documentation/ABI/testing/sysfs-class-net).
func (h host) ofGuest(name string) bool {
	dir := filepath.Join(h.sys, "class/net", name)
	entries, _ := os.ReadDir(dir)
	has := func(prefix string) bool {
		return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), prefix) })
	}
	number := func(file string) string {
		b, _ := os.ReadFile(filepath.Join(dir, file))
		return strings.TrimSpace(string(b))
	}
	own, other := number("ifindex"), number("iflink")
	return has("tun_flags") || other != own && other != "0" && !has("lower_")
}
