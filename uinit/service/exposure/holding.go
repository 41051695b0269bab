// Package exposure says what running services may do, as the kernel tells it, and how much that is.
package exposure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Holding is what a service may do, all its processes together.
type Holding struct {
	// PID is its first process; 0: it does not run, and this is what its row says.
	PID, UID int
	// Capabilities are those that it has, Bounds those that it could get by a file.
	Capabilities, Bounds uint64
	// NoNew: no program that it starts has more rights. Filtered: not every system call.
	NoNew, Filtered bool
	// Calls are groups of system calls besides the usual ones, as its row says: the kernel does not tell.
	Calls []spec.CallGroup
	// Shared are the machine's own things that it has to itself in no namespace: net, pid, tmp, dev.
	Shared []string
	// Writable are the places that are not read-only to it; "/" is everything.
	Writable []string
}

// OfRow is what a service will be able to do.
func OfRow(row spec.Service, uid int) Holding {
	h := Holding{UID: uid, Capabilities: spec.CapabilityMask(row.Capabilities), NoNew: !row.NewPrivileges, Calls: row.SystemCalls, Writable: row.Writable}
	h.Filtered, h.Bounds = !slices.Contains(row.SystemCalls, spec.CallsKnown), h.Capabilities
	for _, n := range []spec.Namespace{spec.NamespaceNet, spec.NamespacePID} {
		if !slices.Contains(row.Namespaces, n) {
			h.Shared = append(h.Shared, string(n))
		}
	}
	for _, place := range []string{"tmp", "dev"} {
		if row.Unconfined && (place != "tmp" || !slices.Contains(row.Namespaces, spec.NamespaceMount)) || slices.Contains(row.Writable, "/"+place) {
			h.Shared = append(h.Shared, place)
		}
	}
	if row.Unconfined {
		h.Bounds, h.NoNew, h.Filtered, h.Writable = full(), false, false, []string{"/"}
		if uid == 0 {
			h.Capabilities = h.Bounds
		}
	}
	return h
}

// full has the bit of every capability.
func full() uint64 { return 1<<len(spec.Capabilities()) - 1 }

// Of reads what processes may do below /proc; those that are gone are passed over. It is nil where none is left.
func Of(proc string, pids []int) *Holding {
	var all *Holding
	for _, pid := range pids {
		h, err := status(filepath.Join(proc, strconv.Itoa(pid), "status"))
		if err != nil {
			continue
		}
		if all == nil {
			h.PID = pid
			h.surroundings(proc)
			all = &h
			continue
		}
		all.UID = min(all.UID, h.UID)
		all.Capabilities, all.Bounds = all.Capabilities|h.Capabilities, all.Bounds|h.Bounds
		all.NoNew, all.Filtered = all.NoNew && h.NoNew, all.Filtered && h.Filtered
	}
	return all
}

// status reads proc_pid_status(5). Of the four user numbers the least counts: root's, if it can become root again.
func status(file string) (h Holding, err error) {
	b, err := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(line, ":")
		words := strings.Fields(value)
		if len(words) == 0 {
			continue
		}
		switch key {
		case "Uid":
			h.UID = 1 << 31
			for _, word := range words {
				if n, err := strconv.Atoi(word); err == nil {
					h.UID = min(h.UID, n)
				}
			}
		case "CapPrm":
			h.Capabilities, _ = strconv.ParseUint(words[0], 16, 64)
		case "CapBnd":
			h.Bounds, _ = strconv.ParseUint(words[0], 16, 64)
		case "NoNewPrivs":
			h.NoNew = words[0] == "1"
		case "Seccomp":
			h.Filtered = words[0] != "0"
		}
	}
	return h, err
}

// surroundings are what a process shares with the one that asks, and where it can write.
func (h *Holding) surroundings(proc string) {
	dir := filepath.Join(proc, strconv.Itoa(h.PID))
	same := func(name string) bool {
		own, err := os.Readlink(filepath.Join(proc, "self", "ns", name))
		its, other := os.Readlink(filepath.Join(dir, "ns", name))
		return err == nil && other == nil && own == its
	}
	for _, name := range []string{"net", "pid"} {
		if same(name) {
			h.Shared = append(h.Shared, name)
		}
	}
	root := filepath.Join(dir, "root")
	for _, name := range []string{"tmp", "dev"} {
		if device(root+"/"+name) == device("/"+name) {
			h.Shared = append(h.Shared, name)
		}
	}
	f, err := os.Open(filepath.Join(dir, "mountinfo"))
	if err != nil {
		return
	}
	defer f.Close()
	table, _ := mountinfo.GetMountsFromReader(f, nil)
	var places []string
	for _, m := range table {
		var now unix.Statfs_t
		own := slices.ContainsFunc([]string{"tmp", "dev"}, func(name string) bool {
			return spec.Within(m.Mountpoint, "/"+name) && !slices.Contains(h.Shared, name)
		})
		if !own && unix.Statfs(root+m.Mountpoint, &now) == nil && now.Flags&unix.ST_RDONLY == 0 {
			places = append(places, m.Mountpoint)
		}
	}
	slices.Sort(places)
	for _, place := range places {
		if !slices.ContainsFunc(h.Writable, func(above string) bool { return spec.Within(place, above) }) {
			h.Writable = append(h.Writable, place)
		}
	}
}

// device is that of the file system at a path; 0 where there is none.
func device(at string) uint64 {
	var now unix.Stat_t
	if unix.Stat(at, &now) != nil {
		return 0
	}
	return now.Dev
}

// Names are those of some capabilities; of all of them, one word.
func Names(mask uint64) string {
	if mask&full() == full() {
		return "all"
	}
	var names []string
	for i, c := range spec.Capabilities() {
		if mask>>i&1 != 0 {
			names = append(names, string(c))
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}

// Filter says which system calls it can make.
func (h Holding) Filter() string {
	if !h.Filtered {
		return "all"
	}
	return strings.TrimSpace("@system-service " + strings.Trim(fmt.Sprint(h.Calls), "[]"))
}
