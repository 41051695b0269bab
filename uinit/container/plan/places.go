package plan

import (
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// leastRoot is what ext4 and the directories of overlayfs take, and something to write.
const leastRoot spec.Size = 8 << 20

// root looks at what a container writes to.
func (c checker) root(key string, row spec.Container) {
	r, key := row.Root, key+".root"
	switch group := r.VolumeGroup(); {
	case r.Path == "":
		if r.Size != 0 {
			c.Of(key).Bad(key+".size", "is that of a file, and there is none; accepted: with path")
		}
	case group != "" && strings.Count(r.Path, "/") == 1 && !strings.HasSuffix(r.Path, "/"):
		if r.Size != 0 {
			c.Of(key).Bad(key+".size", "is for a file that is made, and a logical volume has its size; accepted: leave it out")
		}
	case group != "" || !isPath(r.Path) || strings.HasPrefix(r.Path, "/dev/"):
		c.Bad(key+".path", "%q is no place for a root; accepted: a file in one of the profile's mounts, or lvm:GROUP/VOLUME", r.Path)
	default:
		if !state.Mounted(c.m, path.Dir(r.Path)) {
			c.Rows("mount").Bad(key+".path", "%s lies in memory and is gone after the boot; accepted: a file in one of the profile's mounts", r.Path)
		}
		if at := state.ReadOnly(c.m, r.Path); at != "" {
			c.Of(problem.JoinKey("mount", at)).Bad(key+".path", "%s lies in %s, which is mounted read-only; accepted: a file in a file system that can be written to", r.Path, at)
		}
		if r.Size < leastRoot || r.Size%4096 != 0 {
			c.Of(key).Bad(key+".size", "is %s; accepted: the size of the file that is made, %s and up, in multiples of 4K", r.Size, leastRoot)
		}
		c.shown(key+".path", r.Path)
	}
}

// shown finds a root that a container can write to as a file: this machine's kernel trusts what it has mounted.
func (c checker) shown(key, file string) {
	for _, name := range graph.Names(c.m.Container) {
		for _, at := range graph.Names(c.m.Container[name].Volume) {
			v, volume := c.m.Container[name].Volume[at], problem.JoinKey(problem.JoinKey("container", name)+".volume", at)
			if !v.ReadOnly && isPath(v.Path) && spec.Within(file, v.Path) {
				c.Of(volume).Bad(key, "%s lies in a directory that container.%s may write to, %s, and who writes to a mounted file system from outside can have the kernel fall over it; accepted: a file beside it, or read_only = true there", file, name, v.Path)
			}
		}
	}
}

// kernels are places of a container that are the kernel's, or the machine's.
var kernels = []string{"/proc", "/sys", "/dev"}

// places looks at what is shown in a container, and what that is on this machine.
func (c checker) places(key string, row spec.Container) {
	for _, at := range graph.Names(row.Tmpfs) {
		key := problem.JoinKey(key+".tmpfs", at)
		c.place(key, at)
		if row.Tmpfs[at] < 4096 {
			c.Bad(key, "is %s; accepted: 4K and up", row.Tmpfs[at])
		}
	}
	for _, at := range graph.Names(row.Volume) {
		v, own, key := row.Volume[at], key, problem.JoinKey(key+".volume", at)
		c.place(key, at)
		if _, twice := row.Tmpfs[at]; twice {
			c.Sure().Of(problem.JoinKey(own+".tmpfs", at)).Bad(key, "is a directory in memory already, by tmpfs; accepted: one of them")
		}
		if !isPath(v.Path) {
			c.Bad(key+".path", "%q is not an absolute path without . or ..", v.Path)
			continue
		}
		if !state.Mounted(c.m, v.Path) {
			c.Rows("mount").Bad(key+".path", "%s lies in none of the profile's mounts; accepted: one of them, or a directory below", v.Path)
		}
		if at := state.ReadOnly(c.m, path.Join(v.Path, "x")); at != "" && !v.ReadOnly {
			c.Of(problem.JoinKey("mount", at)).Bad(key+".path", "%s lies in %s, which is mounted read-only; accepted: read_only = true", v.Path, at)
		}
	}
}

// place looks where something is shown.
func (c checker) place(key, at string) {
	bad := !isPath(at) || at == "/"
	for _, dir := range kernels {
		bad = bad || spec.Within(at, dir) && at != "/dev/shm"
	}
	if bad {
		c.Sure().Bad(key, "is no place in a container for that; accepted: an absolute path without . or .., not / itself, and none of /proc, /sys, /dev")
	}
}
