package claim

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Clash is two rows of which one has to give way.
type Clash struct{ First, Second Claim }

// Reason says what comes of it.
func (c Clash) Reason() string {
	switch {
	case c.First.Use == graph.Writes && c.Second.Use == graph.Writes:
		return "two who write to one destroy it"
	case c.First.Use == graph.Holds || c.Second.Use == graph.Holds:
		return "the kernel gives a device to one target alone"
	}
	return "who reads sees what is half written"
}

// Accepted says what would do.
func (c Clash) Accepted() string {
	const own = "a disk or file of its own"
	read := func(c Claim) bool {
		return c.Use != graph.Holds && (c.kind == "share" || strings.Contains(c.Key, ".disk."))
	}
	if read(c.First) && read(c.Second) {
		return own + ", or read_only = true in both rows"
	}
	return own
}

// Clashes are those of a machine; of several that a claim has, the first.
func Clashes(m *spec.Machine, features []graph.Claim) (found []Clash) {
	all := Of(m, features)
	for i, second := range all {
		for _, first := range all[:i] {
			if clash(first, second) {
				found = append(found, Clash{first, second})
				break
			}
		}
	}
	return found
}

func clash(a, b Claim) bool {
	switch {
	case a.Use == graph.Reads && b.Use == graph.Reads || !a.name.meets(b.name):
		return false
	case a.kind == "mount" && b.kind == "mount": // the kernel makes one file system of both
		return a.name != b.name
	case a.kind == "wireguard" && b.kind == "wireguard": // internal/crosscheck tells
		return false
	}
	return true
}

// meets says that two names stand for the same, or one for a part of the other. What it can't tell by the names is not
// so: a serial number here and a path there.
func (a name) meets(b name) bool {
	known := func(x, y string) bool { return x != "" && y != "" }
	switch {
	case known(a.path, b.path):
		return a.path == b.path || partOf(a.path, b.path) || partOf(b.path, a.path)
	case known(a.tag, b.tag):
		return a.tag == b.tag
	case known(a.serial, b.serial) && a.serial != b.serial, known(a.label, b.label) && a.label != b.label:
		return false
	}
	return known(a.serial, b.serial) || known(a.label, b.label)
}

var (
	digits   = regexp.MustCompile(`^[0-9]+$`)
	pDigits  = regexp.MustCompile(`^p[0-9]+$`)
	byIDPart = regexp.MustCompile(`^-part[0-9]+$`)
)

// partOf says that a path is that of a disk's partition (disk_name in block/partitions/core.c: a p goes between two
// numbers). The names of volumes and arrays are for people to choose, and say nothing.
func partOf(part, disk string) bool {
	rest, ok := strings.CutPrefix(part, disk)
	switch dir := path.Dir(disk); {
	case !ok || rest == "":
		return false
	case strings.HasPrefix(dir, "/dev/disk/by-"):
		return byIDPart.MatchString(rest)
	case dir != "/dev":
		return false
	case strings.ContainsAny(disk[len(disk)-1:], "0123456789"):
		return pDigits.MatchString(rest)
	}
	return digits.MatchString(rest)
}

// Exposed is a file that a row writes to, in a folder that others may write to by NFS or SMB.
type Exposed struct {
	Claim
	// Share is the key of the folder's row.
	Share string
}

type directory struct{ key, dir string }

// kept are directories for what must outlast a boot, each where it is said: most lie below state.path by themselves.
func kept(m *spec.Machine) (all []directory) {
	if m.State.Path != "" {
		all = append(all, directory{"state.path", m.State.Path})
	}
	ssh := ""
	if m.SSH != nil {
		ssh = m.SSH.State
	}
	for _, d := range []directory{{"share.state", m.Share.State}, {"ssh.state", ssh}, {"time.state", m.Time.State}, {"entropy.state", m.Entropy.State}, {"log.spool", m.Log.Spool}} {
		if d.dir != "" && (m.State.Path == "" || !strings.HasPrefix(d.dir, m.State.Path+"/")) {
			all = append(all, d)
		}
	}
	return all
}

// Exposures are those of a machine.
func Exposures(m *spec.Machine, features []graph.Claim) (found []Exposed) {
	c := claims{m: m}
	folders := map[string]string{}
	for row, s := range m.Share.NFS {
		if !s.ReadOnly {
			folders[problem.JoinKey("share.nfs", row)] = s.Path
		}
	}
	for row, s := range m.Share.SMB {
		if !s.ReadOnly {
			folders[problem.JoinKey("share.smb", row)] = s.Path
		}
	}
	all := Of(m, features)
	for _, d := range kept(m) {
		all = append(all, Claim{Key: d.key, Text: d.dir, Use: graph.Writes, name: c.at(d.dir)})
	}
	for _, claim := range all {
		for _, share := range slices.Sorted(maps.Keys(folders)) {
			if claim.Use == graph.Writes && strings.HasPrefix(claim.name.tag+"/", c.at(folders[share]).tag+"/") {
				found = append(found, Exposed{claim, share})
			}
		}
	}
	return found
}
