package bundle

import (
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// kinds are crun's words for namespaces.
var kinds = map[spec.ContainerNamespace]specs.LinuxNamespaceType{
	spec.ContainerUser: specs.UserNamespace, spec.ContainerPID: specs.PIDNamespace, spec.ContainerNet: specs.NetworkNamespace,
	spec.ContainerIPC: specs.IPCNamespace, spec.ContainerUTS: specs.UTSNamespace, spec.ContainerCgroup: specs.CgroupNamespace,
}

// masked are files of the kernel that tell of the machine and nobody in a container needs, readOnly those that change it. A user namespace
// keeps a container from most of them; these hold without one, too.
var (
	masked = []string{
		"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
		"/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux",
	}
	readOnly = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

// network are the settings of a network of its own: its program, which has no rights, may use any port there, and ping: they are nobody else's.
var network = map[string]string{"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 65535"}

func (c Container) linux() *specs.Linux {
	l := &specs.Linux{CgroupsPath: c.Group, MaskedPaths: masked, ReadonlyPaths: readOnly, Devices: c.Devices,
		Namespaces: []specs.LinuxNamespace{{Type: specs.MountNamespace}}}
	for _, n := range c.Row.Namespaces {
		l.Namespaces = append(l.Namespaces, specs.LinuxNamespace{Type: kinds[n]})
	}
	if c.Row.Has(spec.ContainerUser) {
		ids := []specs.LinuxIDMapping{{ContainerID: 0, HostID: c.Image.First, Size: spec.OwnersEach}}
		l.UIDMappings, l.GIDMappings = ids, ids
	}
	if c.Row.Has(spec.ContainerNet) {
		l.Sysctl = network
	}
	return l
}
