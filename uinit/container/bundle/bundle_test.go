package bundle

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// made is the config of a row with the defaults of its schema; change makes it another.
func made(change func(*Container)) *specs.Spec {
	c := Container{Name: "web", Dir: "/run/containers/web", Group: "/work/containers/web/inside", Image: spec.Image{
		First: 524288, Entrypoint: []string{"/bin/app"}, Command: []string{"-v"}, Environment: []string{"A=1", "B=2", "PATH=/bin"}, Directory: "/srv", UID: 33, GID: 34, Groups: []uint32{35},
	}}
	defaults.Fill(&c.Row)
	if change != nil {
		change(&c)
	}
	return c.Config()
}

// By default a container has everything for itself, and nothing of the machine's.
func TestDefaults(t *testing.T) {
	c := made(nil)
	var kinds []specs.LinuxNamespaceType
	for _, n := range c.Linux.Namespaces {
		if n.Path != "" {
			t.Errorf("it joins %s at %s", n.Type, n.Path)
		}
		kinds = append(kinds, n.Type)
	}
	slices.Sort(kinds)
	if want := []specs.LinuxNamespaceType{"cgroup", "ipc", "mount", "network", "pid", "user", "uts"}; !slices.Equal(kinds, want) {
		t.Errorf("its namespaces are %v, want %v", kinds, want)
	}
	if !c.Root.Readonly || !c.Process.NoNewPrivileges || c.Process.Terminal || c.Annotations["run.oci.seccomp_bpf_data"] == "" {
		t.Errorf("it can write, get rights, or call what it likes: %+v", c)
	}
	caps := c.Process.Capabilities
	if all := slices.Concat(caps.Bounding, caps.Effective, caps.Inheritable, caps.Permitted, caps.Ambient); len(all) > 0 {
		t.Errorf("it has %v", all)
	}
	if ids := c.Linux.UIDMappings; len(ids) != 1 || ids[0] != (specs.LinuxIDMapping{HostID: 524288, Size: 65536}) || !slices.Equal(ids, c.Linux.GIDMappings) {
		t.Errorf("its accounts are %v", ids)
	}
	if u := c.Process.User; u.UID != 33 || u.GID != 34 || !slices.Equal(u.AdditionalGids, []uint32{35}) {
		t.Errorf("it runs as %+v", u)
	}
	if !slices.Equal(c.Process.Args, []string{"/bin/app", "-v"}) || c.Process.Cwd != "/srv" || !slices.Equal(c.Process.Env, []string{"A=1", "B=2", "PATH=/bin"}) {
		t.Errorf("it runs %q in %s with %q", c.Process.Args, c.Process.Cwd, c.Process.Env)
	}
	for _, at := range []string{"/proc", "/dev", "/dev/pts", "/sys", "/etc/resolv.conf"} {
		if !slices.ContainsFunc(c.Mounts, func(m specs.Mount) bool { return m.Destination == at }) {
			t.Errorf("%s is not mounted", at)
		}
	}
}

// Each key opens what it is for.
func TestKeys(t *testing.T) {
	kind := func(c *specs.Spec, at string) string {
		i := slices.IndexFunc(c.Mounts, func(m specs.Mount) bool { return m.Destination == at })
		if i < 0 {
			return ""
		}
		return c.Mounts[i].Type + " " + c.Mounts[i].Options[len(c.Mounts[i].Options)-1]
	}
	without := func(not spec.ContainerNamespace) func(*Container) {
		return func(c *Container) {
			c.Row.Namespaces = slices.DeleteFunc(slices.Clone(c.Row.Namespaces), func(n spec.ContainerNamespace) bool { return n == not })
		}
	}
	for name, tt := range map[string]struct {
		change func(*Container)
		holds  func(*specs.Spec) bool
	}{
		"the machine's processes": {without(spec.ContainerPID), func(c *specs.Spec) bool { return kind(c, "/proc") == "bind rbind" }},
		"the machine's network":   {without(spec.ContainerNet), func(c *specs.Spec) bool { return kind(c, "/sys") == "bind rbind" && c.Linux.Sysctl == nil }},
		"the machine's accounts":  {without(spec.ContainerUser), func(c *specs.Spec) bool { return c.Linux.UIDMappings == nil }},
		"the machine's name":      {without(spec.ContainerUTS), func(c *specs.Spec) bool { return c.Hostname == "" }},
		"the machine's queues":    {without(spec.ContainerIPC), func(c *specs.Spec) bool { return kind(c, "/dev/mqueue") == "" }},
		"a root":                  {func(c *Container) { c.Row.Root.Path = "/srv/x" }, func(c *specs.Spec) bool { return !c.Root.Readonly }},
		"a right, not as root": {func(c *Container) { c.Row.Capabilities = []spec.Capability{"net_raw"} }, func(c *specs.Spec) bool {
			return slices.Equal(c.Process.Capabilities.Ambient, []string{"CAP_NET_RAW"}) && slices.Equal(c.Process.Capabilities.Bounding, []string{"CAP_NET_RAW"})
		}},
		"all calls":       {func(c *Container) { c.Row.SystemCalls = []spec.CallGroup{spec.CallsKnown} }, func(c *specs.Spec) bool { return len(c.Annotations) == 0 }},
		"new rights":      {func(c *Container) { c.Row.NewPrivileges = true }, func(c *specs.Spec) bool { return !c.Process.NoNewPrivileges }},
		"another command": {func(c *Container) { c.Row.Command = []string{"x"} }, func(c *specs.Spec) bool { return slices.Equal(c.Process.Args, []string{"x"}) }},
		"another variable": {func(c *Container) { c.Row.Environment = map[string]string{"A": "3"} }, func(c *specs.Spec) bool {
			return slices.Contains(c.Process.Env, "A=3") && !slices.Contains(c.Process.Env, "A=1")
		}},
		"memory to write to": {func(c *Container) { c.Row.Tmpfs = map[string]spec.Size{"/tmp": 4096} }, func(c *specs.Spec) bool { return kind(c, "/tmp") == "tmpfs gid=34" }},
		"a volume": {func(c *Container) { c.Row.Volume = map[string]spec.ContainerVolume{"/b": {ReadOnly: true}, "/a": {}} }, func(c *specs.Spec) bool {
			return kind(c, "/a") == "bind rw" && kind(c, "/b") == "bind ro" && c.Mounts[len(c.Mounts)-1].Source == "/run/containers/web/volumes/1"
		}},
		"an init": {func(c *Container) { c.Row.System, c.Image.Entrypoint, c.Image.Command = true, nil, nil }, func(c *specs.Spec) bool {
			return c.Process.Terminal && slices.Equal(c.Process.Args, []string{"/sbin/init"}) && slices.Contains(c.Process.Capabilities.Bounding, "CAP_SYS_BOOT") &&
				!slices.Contains(c.Process.Capabilities.Bounding, "CAP_SYS_MODULE") && kind(c, "/sys/fs/cgroup") == "cgroup rw"
		}},
	} {
		if c := made(tt.change); !tt.holds(c) {
			t.Errorf("%s: %+v; mounts %+v", name, c, c.Mounts)
		}
	}
}
