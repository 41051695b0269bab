package bundle

import (
	"fmt"
	"path"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Files are shown in every container's /etc: how names are resolved is the machine's matter.
var Files = []string{"hostname", "hosts", "resolv.conf"}

// mounts are those of a container, in the order in which they are made.
func (c Container) mounts() []specs.Mount {
	all := c.kernel()
	for _, name := range Files {
		all = append(all, bind(c.File(name), path.Join("/etc", name), "ro"))
	}
	for _, at := range graph.Names(c.Row.Tmpfs) {
		mode := "755"
		if at == "/tmp" || at == "/var/tmp" {
			mode = "1777"
		}
		all = append(all, specs.Mount{Destination: at, Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev",
			fmt.Sprintf("size=%d", c.Row.Tmpfs[at]), "mode=" + mode, fmt.Sprintf("uid=%d", c.Image.UID), fmt.Sprintf("gid=%d", c.Image.GID)}})
	}
	for i, at := range graph.Names(c.Row.Volume) {
		mode := "rw"
		if c.Row.Volume[at].ReadOnly {
			mode = "ro"
		}
		all = append(all, bind(c.Volume(i), at, mode))
	}
	return all
}

func bind(from, to, mode string) specs.Mount {
	return specs.Mount{Destination: to, Type: "bind", Source: from, Options: []string{"bind", "nosuid", "nodev", mode}}
}

// kernel are the kernel's file systems. Only who has a namespace for himself may mount what shows it (proc(5), sysfs(5)); others
// are shown the machine's.
func (c Container) kernel() []specs.Mount {
	kernels := func(at, kind string, own bool, options ...string) specs.Mount {
		options = append([]string{"nosuid", "noexec", "nodev"}, options...)
		if own || !c.Row.Has(spec.ContainerUser) {
			return specs.Mount{Destination: at, Type: kind, Source: kind, Options: options}
		}
		return specs.Mount{Destination: at, Type: "bind", Source: at, Options: append(options, "rbind")}
	}
	groups := "ro"
	if c.Row.System && c.Row.Has(spec.ContainerCgroup) { // its own part of the tree
		groups = "rw"
	}
	all := []specs.Mount{
		kernels("/proc", "proc", c.Row.Has(spec.ContainerPID)),
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "noexec", "strictatime", "mode=755", "size=64k"}},
		{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
		{Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: []string{"nosuid", "noexec", "nodev", "mode=1777", "size=64m"}},
		kernels("/sys", "sysfs", c.Row.Has(spec.ContainerNet), "ro"),
		{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup", Options: []string{"nosuid", "noexec", "nodev", "relatime", groups}},
	}
	if c.Row.Has(spec.ContainerIPC) {
		all = append(all, specs.Mount{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}})
	}
	return all
}
